// Whatever becomes of a run, the engine is as it was before.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from 'actor-ts/testkit';
import { afterAll, expect, test } from 'vitest';
import { type Engine, theEngine } from '../harness/containers/Engine.ts';
import { gone, labelsOf, RUN_LABEL, sweep } from '../harness/containers/leftovers.ts';

const RUN = fileURLToPath(new URL('./aRun.ts', import.meta.url));
const NO_PROCESS = 2 ** 22 + 1; // one more than the greatest on Linux

// A run that is killed leaves its folder, too.
const tmp = mkdtempSync(join(tmpdir(), 'runs-'));
afterAll(() => rmSync(tmp, { recursive: true }));

/** What there is of a run: containers, networks, volumes. */
async function thingsOf({ docker }: Engine, run: string): Promise<number[]> {
  const filters = { label: [`${RUN_LABEL}=${run}`] };
  const containers = await docker.listContainers({ all: true, filters });
  const networks = await docker.listNetworks({ filters });
  const { Volumes: volumes } = await docker.listVolumes({ filters });
  return [containers.length, networks.length, volumes.length];
}

/** A run in a process of its own. @returns its name, once its cluster is there */
async function aRun() {
  const process_ = spawn(process.execPath, [RUN], {
    env: { ...process.env, TMPDIR: tmp },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process_.stdout.setEncoding('utf8');
  const [run] = (await once(process_.stdout, 'data')) as [string];
  return { process: process_, run: run.trim() };
}

test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
  '%s: a run that ends by it leaves nothing',
  async (signal) => {
    const engine = await theEngine();
    const { process: running, run } = await aRun();
    expect(await thingsOf(engine, run)).toEqual([2, 2, 1]);
    running.kill(signal);
    await once(running, 'close');
    const isEmpty = async () => (await thingsOf(engine, run)).every((count) => count === 0);
    await until(isEmpty, { what: 'all of it to be removed', timeoutMs: 30_000, everyMs: 100 });
  },
);

test('the next run removes what a dead one has left, and nothing of one that lives', async () => {
  const engine = await theEngine();
  const { docker } = engine;
  const owner = 'actor-chat-workshop.owner';
  const dead = { [RUN_LABEL]: 'dead', [owner]: `${hostname()}/${NO_PROCESS}/1` };
  const reborn = { [RUN_LABEL]: 'reborn', [owner]: `${hostname()}/${process.pid}/0` };
  const foreign = { [RUN_LABEL]: 'foreign', [owner]: `another-machine/${NO_PROCESS}/1` };
  const own = labelsOf('own');
  for (const labels of [dead, reborn, foreign, own]) {
    const made = { Name: engine.nameFor('leftover'), Labels: labels };
    await docker.createVolume(made);
    await docker.createNetwork({ ...made, Internal: true });
  }
  try {
    await sweep(docker);
    expect(await thingsOf(engine, 'dead')).toEqual([0, 0, 0]);
    expect(await thingsOf(engine, 'reborn')).toEqual([0, 0, 0]);
    expect(await thingsOf(engine, 'foreign')).toEqual([0, 1, 1]);
    expect(await thingsOf(engine, 'own')).toEqual([0, 1, 1]);
  } finally {
    const filters = { label: [RUN_LABEL], name: [`chat-test-${engine.run}`] };
    for (const { Id } of await docker.listNetworks({ filters })) {
      await gone(docker.getNetwork(Id).remove());
    }
    for (const { Name } of (await docker.listVolumes({ filters })).Volumes) {
      await gone(docker.getVolume(Name).remove());
    }
  }
});
