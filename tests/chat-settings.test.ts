// A node's settings: a bad one stops it at once, with one line that names the variable.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { ConfigError, readConfig } from '../solutions/06-cluster-compose/src/config.ts';
import { CHAT } from './harness/processes.ts';

async function run(env: NodeJS.ProcessEnv) {
  const settings = { JOURNAL: 'memory', CLUSTER_PORT: '0', HTTP_PORT: '0', MANAGEMENT_PORT: '0' };
  const child = spawn(process.execPath, [CHAT], { env: { ...process.env, ...settings, ...env } });
  const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  const exit = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const [code, stderr] = await Promise.all([exit, text(child.stderr), text(child.stdout)]);
  clearTimeout(killer);
  return { code, stderr };
}

/** What the program says of an environment with a bad value. */
function refusalOf(env: NodeJS.ProcessEnv): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'nothing';
}

test.each([
  ['NODE_NAME', ''],
  ['HOST', ''],
  ['HOST', 'a/b'],
  ['HOST', '127.0.0.1:2551'],
  ['TRUST_PROXY', 'maybe'],
  ['CLUSTER_PORT', '70000'],
  ['HTTP_PORT', 'http'],
  ['MANAGEMENT_PORT', '-1'],
  ['SEEDS', 'nowhere'],
  ['SEEDS', '127.0.0.1:99999'],
  ['SEEDS', 'other@127.0.0.1:2551'],
  ['JOURNAL', 'postgres'],
  ['CASSANDRA_CONTACT_POINTS', 'a b'],
  ['CASSANDRA_CONTACT_POINTS', 'a:99999'],
  ['CASSANDRA_LOCAL_DC', ''],
  ['CASSANDRA_KEYSPACE', 'Chat'],
  ['CHAT_SECRET', 'short'],
  ['ALLOWED_ORIGINS', 'chat.example'],
  ['VIEW_URL', 'localhost:8550'],
  ['VIEW_URL', 'javascript:alert(1)'],
  ['IDLE_MS', '0'],
  ['IDLE_MS', '10s'],
  ['LOG_LEVEL', 'loud'],
])('%s=%s is refused', (variable, value) => {
  const message = refusalOf({ [variable]: value });
  expect(message).toMatch(new RegExp(`^${variable} takes .*, got `));
  if (variable === 'CHAT_SECRET') expect(message).not.toMatch(value);
});

test('Cassandra without a host is refused', () => {
  expect(refusalOf({ JOURNAL: 'cassandra' })).toMatch(
    /^CASSANDRA_CONTACT_POINTS takes hosts, when JOURNAL is cassandra/,
  );
});

test.each([
  ['LOG_LEVEL', 'loud'],
  ['HOST', 'auto'],
  ['JOURNAL', 'sqlite:/dev/null/chat.db'],
])('%s=%s ends the node with one line that names it', async (variable, value) => {
  const { code, stderr } = await run({ [variable]: value });
  expect(code).toBe(1);
  expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(`^${variable}\\b`)]);
});

test('a taken port is named', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  for (const variable of ['CLUSTER_PORT', 'HTTP_PORT', 'MANAGEMENT_PORT']) {
    const { code, stderr } = await run({ [variable]: String(port) });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(`^${variable}\\b.*${port}`)]);
  }
  server.close();
});
