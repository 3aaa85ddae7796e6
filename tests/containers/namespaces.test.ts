// Whatever becomes of a run, the machine's network is as it was before.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { run } from '../harness/links/commands.ts';
import { linksMissing } from '../harness/links/missing.ts';
import { sweep } from '../harness/namespaces/leftovers.ts';
import { NodeNetwork } from '../harness/namespaces/NodeNetwork.ts';

const RUN = fileURLToPath(new URL('./aNetwork.ts', import.meta.url));
const missing = await linksMissing();

/** Namespaces of a run: the bridge's and its nodes'. */
function namespacesOf(pid: number): string[] {
  return readdirSync('/run/netns').filter((name) => name.startsWith(`chat-${pid}-`));
}

/** As `ip` tells it; Node leaves out those that are just about to come up. */
interface Link {
  readonly ifname: string;
  readonly addr_info: readonly { readonly local: string }[];
}

/** This machine's ends of the links to the places of a network. */
async function linksTo({ places }: Pick<NodeNetwork, 'places'>): Promise<string[]> {
  const machine = new Set(places.map(({ outside }) => outside.machine));
  const links: Link[] = JSON.parse(await run('ip', ['-json', 'address']));
  return links
    .filter(({ addr_info }) => addr_info.some(({ local }) => machine.has(local)))
    .map(({ ifname }) => ifname);
}

interface Run extends Pick<NodeNetwork, 'places'> {
  readonly process: ChildProcess;
  /** The id of a process in its network. */
  readonly inside: number;
}

const runs: ChildProcess[] = [];
afterEach(async () => {
  for (const running of runs.splice(0)) {
    if (running.exitCode !== null || running.signalCode !== null) continue;
    running.kill('SIGKILL'); // what a failed test left behind
    await once(running, 'close');
  }
  if (missing === null) await sweep();
});

async function aRun(): Promise<Run> {
  const running = spawn(process.execPath, [RUN], { stdio: ['ignore', 'pipe', 'ignore'] });
  runs.push(running);
  const [line] = await once(running.stdout!.setEncoding('utf8'), 'data');
  expect(namespacesOf(running.pid!)).toHaveLength(3);
  return { process: running, ...JSON.parse(line) };
}

describe.skipIf(missing !== null)(`networks${missing === null ? '' : ` (${missing})`}`, () => {
  test('one that is disposed of leaves nothing, and nothing is taken from another', async () => {
    await using kept = await NodeNetwork.make(2, 2551);
    const network = await NodeNetwork.make(3, 2551);
    expect(await linksTo(network)).toHaveLength(3);
    await network[Symbol.asyncDispose]();
    expect(await linksTo(network)).toEqual([]);
    expect(await linksTo(kept)).toHaveLength(2);
    expect(namespacesOf(process.pid)).toHaveLength(3);
  });

  test('a run that ends by a mistake leaves nothing', async () => {
    const ended = await aRun();
    expect(await linksTo(ended)).toHaveLength(2);
    process.kill(ended.inside, 'SIGKILL');
    ended.process.kill('SIGUSR2');
    await once(ended.process, 'close');
    expect(namespacesOf(ended.process.pid!)).toEqual([]);
    expect(await linksTo(ended)).toEqual([]);
  });

  test('the next run removes what a killed one has left, and nothing of one that lives', async () => {
    await using own = await NodeNetwork.make(2, 2551);
    const dead = await aRun();
    const { process: killed, inside } = dead;
    killed.kill('SIGKILL');
    await once(killed, 'close');
    expect(namespacesOf(killed.pid!)).toHaveLength(3);
    await sweep();
    expect(namespacesOf(killed.pid!)).toEqual([]);
    expect(await linksTo(dead)).toEqual([]);
    const isThere = () => existsSync(`/proc/${inside}/ns/net`);
    expect(await eventually(isThere, (there) => !there), 'its process').toBe(false);
    expect(await linksTo(own)).toHaveLength(2);
  });
});
