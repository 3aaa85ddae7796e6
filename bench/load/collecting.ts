// Preloaded into the nodes of a soak: on SIGUSR2 they collect all garbage and say what is left, in bytes.
// What the heap holds in between is mostly what the collector has not got round to.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

process.on('SIGUSR2', () => {
  collect();
  process.stdout.write(`${JSON.stringify({ liveHeapBytes: process.memoryUsage().heapUsed })}\n`);
});
