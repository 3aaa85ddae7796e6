// Whatever becomes of a run, the machine's network is as it was before.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { linksMissing } from '../../chaos/links/missing.ts';
import { eventually } from '../harness/eventually.ts';
import { sweep } from '../harness/namespaces/leftovers.ts';
import { NodeNetwork } from '../harness/namespaces/NodeNetwork.ts';

const RUN = fileURLToPath(new URL('./aNetwork.ts', import.meta.url));
const missing = await linksMissing();

/** Namespaces of a run: the bridge's and its nodes'. */
function namespacesOf(pid: number): string[] {
  return readdirSync('/run/netns').filter((name) => name.startsWith(`chat-${pid}-`));
}

/** This machine's ends of the links to the places of a network. */
function linksTo({ places }: Pick<NodeNetwork, 'places'>): string[] {
  const machine = new Set(places.map(({ outside }) => outside.machine));
  return Object.entries(networkInterfaces())
    .filter(([, addresses]) => addresses!.some(({ address }) => machine.has(address)))
    .map(([name]) => name);
}

interface Run extends Pick<NodeNetwork, 'places'> {
  readonly process: ChildProcess;
  /** The id of a process in its network. */
  readonly inside: number;
}

async function aRun(): Promise<Run> {
  const run = spawn(process.execPath, [RUN], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = await once(run.stdout!.setEncoding('utf8'), 'data');
  expect(namespacesOf(run.pid!)).toHaveLength(3);
  return { process: run, ...JSON.parse(line) };
}

describe.skipIf(missing !== null)(`networks${missing === null ? '' : ` (${missing})`}`, () => {
  test('one that is disposed of leaves nothing, and nothing is taken from another', async () => {
    await using kept = await NodeNetwork.make(2, 2551);
    const network = await NodeNetwork.make(3, 2551);
    expect(linksTo(network)).toHaveLength(3);
    await network[Symbol.asyncDispose]();
    expect(linksTo(network)).toEqual([]);
    expect(linksTo(kept)).toHaveLength(2);
    expect(namespacesOf(process.pid)).toHaveLength(3);
  });

  test('a run that ends by a mistake leaves nothing', async () => {
    const run = await aRun();
    expect(linksTo(run)).toHaveLength(2);
    process.kill(run.inside, 'SIGKILL');
    run.process.kill('SIGUSR2');
    await once(run.process, 'close');
    expect(namespacesOf(run.process.pid!)).toEqual([]);
    expect(linksTo(run)).toEqual([]);
  });

  test('the next run removes what a killed one has left, and nothing of one that lives', async () => {
    await using own = await NodeNetwork.make(2, 2551);
    const run = await aRun();
    const { process: killed, inside } = run;
    killed.kill('SIGKILL');
    await once(killed, 'close');
    expect(namespacesOf(killed.pid!)).toHaveLength(3);
    await sweep();
    expect(namespacesOf(killed.pid!)).toEqual([]);
    expect(linksTo(run)).toEqual([]);
    const isThere = () => existsSync(`/proc/${inside}/ns/net`);
    expect(await eventually(isThere, (there) => !there), 'its process').toBe(false);
    expect(linksTo(own)).toHaveLength(2);
  });
});
