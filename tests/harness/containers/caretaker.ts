// Outlives the tests' process by a moment: when its standard input ends, which it does however that
// process ends, what the run has left in the engine is removed. Usually that is nothing.
//   node caretaker.ts <run>
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_AGAIN_MS = 1000;

process.stdin.resume().once('end', async () => {
  // Loaded only now: it waits in every run and works in few.
  const { getContainerRuntimeClient } = await import('testcontainers');
  const { removeRun } = await import('./leftovers.ts');
  const { dockerode } = (await getContainerRuntimeClient()).container;
  const run = process.argv[2]!;
  // What the engine was asked for just before the end may come after the first look.
  while ((await removeRun(dockerode, run)) > 0) await delay(LOOK_AGAIN_MS);
});
