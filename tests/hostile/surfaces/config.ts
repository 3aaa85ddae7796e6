// A node's environment: any text in any variable gives settings that a node can live with, or one line
// that names the variable, and never the secret.
import fc from 'fast-check';
import { Address } from '../../../packages/actor-ts/src/actor/Address.ts';
import { ConfigError, readConfig } from '../../../solutions/06-cluster-compose/src/config.ts';
import { attempt } from '../attempt.ts';
import { corpusTexts } from '../corpus.ts';
import { anyText } from '../inputs.ts';
import { MiB, type Plan, type Surface } from '../Surface.ts';

const GOOD: Record<string, readonly string[]> = {
  NODE_NAME: ['node1', 'auto', 'a.b-c_d'],
  HOST: ['127.0.0.1', 'auto', 'node1.local', '::1', '[::1]'],
  CLUSTER_BIND_HOST: ['0.0.0.0'],
  CLUSTER_PORT: ['0', '2551', '65535', '65536', '00080'],
  SEEDS: ['127.0.0.1:2551', 'chat@a:1,b:2', 'other@a:1', 'a:99999', 'a:1,,b:2', 'a:1 , b:2'],
  HTTP_HOST: ['127.0.0.1'],
  HTTP_PORT: ['3000', '+3000', '3e3', '0x50', ' 80'],
  MANAGEMENT_HOST: ['127.0.0.1'],
  MANAGEMENT_PORT: ['8551', '-1', '1.5'],
  JOURNAL: ['memory', 'sqlite:./x.db', 'sqlite:', 'sqlite::memory:', 'cassandra', 'SQLITE:x'],
  CASSANDRA_CONTACT_POINTS: ['a', 'a:9042', 'a,b', 'a:99999', ','],
  CASSANDRA_LOCAL_DC: ['datacenter1'],
  CASSANDRA_KEYSPACE: ['chat', 'Chat', 'a;DROP KEYSPACE b', 'x'.repeat(49)],
  CHAT_SECRET: ['a secret that is long', 'x'.repeat(15), 'x'.repeat(16)],
  TRUST_PROXY: ['true', '0', 'yes', 'maybe'],
  ALLOWED_ORIGINS: ['https://chat.example', 'http://a,http://b', '*', 'https://a/', 'null'],
  IDLE_MS: ['1', '600000', '0', '1e3', '-1', '1000000000'],
  VIEW_URL: ['http://localhost:8550', 'https://a/"><b>', 'localhost', 'javascript:alert(1)'],
  TRACE: ['1', 'off'],
  LOG_LEVEL: ['info', 'INFO', 'silent'],
};
const NASTY = ['', ' ', '\n', '\t x', '__proto__', '$HOME', '%00', '\u{1f600}', '\ud800', '🤯,🤯'];

type Environment = Readonly<Record<string, string>>;

export const config: Surface = {
  name: 'config',
  what: 'environment variables of a node',
  inputs: { test: 3000, fuzz: 1_000_000 },
  mayGrowBytes: 16 * MiB,
  run(plan: Plan) {
    const entry = fc.constantFrom(...Object.keys(GOOD)).chain((name) =>
      fc
        .oneof(
          { weight: 4, arbitrary: fc.constantFrom(...GOOD[name]!) },
          { weight: 1, arbitrary: fc.constantFrom(...NASTY) },
          { weight: 1, arbitrary: anyText(40) },
          {
            weight: 1,
            arbitrary: fc.constantFrom(':', '1:', 'a').map((part) => part.repeat(5000)),
          },
        )
        .map((value): [string, string] => [name, value]),
    );
    return attempt<Environment>(plan, {
      examples: corpusTexts('config').map(environmentOf),
      inputs: fc.array(entry, { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
      try: async (env) => nameOf(env),
    });
  },
};

/** The variable that is blamed; null for settings that are good. */
function nameOf(env: Environment): string | null {
  let settings: ReturnType<typeof readConfig>;
  try {
    settings = readConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const [, variable] = /^([A-Z_]+) takes .+, got /s.exec(error.message) ?? [];
    if (variable === undefined || !(variable in GOOD)) throw new Error(`blames ${error.message}`);
    if (variable === 'CHAT_SECRET' && !error.message.endsWith('got fewer')) {
      throw new Error(`says more than it may: ${error.message}`);
    }
    return variable;
  }
  const { HOST, CLUSTER_PORT, HTTP_PORT, MANAGEMENT_PORT, SEEDS = [], CHAT_SECRET } = settings;
  for (const port of [CLUSTER_PORT, HTTP_PORT, MANAGEMENT_PORT]) {
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`a port ${port}`);
  }
  if (CHAT_SECRET.length < 16) throw new Error('a short secret');
  // What peers are told, and whom they are told of, they have to understand.
  Address.parse(`${HOST}:${CLUSTER_PORT}`, 'chat');
  for (const seed of SEEDS) {
    if (Address.parse(seed, 'chat').system !== 'chat') throw new Error('a seed of another system');
  }
  return null;
}

/** Lines of `NAME=value`. */
function environmentOf(text: string): Environment {
  const lines = text.split('\n').filter((line) => line.includes('='));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}
