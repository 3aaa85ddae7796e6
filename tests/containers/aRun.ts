// A run of tests that is ended from outside: makes a cluster of two nodes, says its name, and waits.
import { containers } from '../harness/containers/containers.ts';
import { theEngine } from '../harness/containers/Engine.ts';

const { run } = await theEngine();
await containers.startCluster(2);
console.log(run);
setInterval(() => undefined, 60_000);
