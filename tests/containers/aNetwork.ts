// A run that is ended from outside, or by a mistake of its own: makes a network with a process in it,
// says that process's id and the network's places, and waits.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { inside } from '../harness/links/commands.ts';
import { NodeNetwork } from '../harness/namespaces/NodeNetwork.ts';

// Before anybody can know of this process.
process.once('SIGUSR2', () => {
  throw new Error('a mistake');
});

const network = await NodeNetwork.make(2, 2551);
const { places } = network;
const [command, args] = inside(places[0]!.netns, 'sh', '-c', 'echo inside; exec sleep infinity');
const { pid, stdout } = spawn(command, args, {
  stdio: ['ignore', 'pipe', 'ignore'],
  detached: true,
});
await once(stdout!, 'data');
console.log(JSON.stringify({ inside: pid, places }));
setInterval(() => undefined, 60_000);
