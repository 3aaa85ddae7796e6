// `HOST=auto`: the address by which the other nodes reach this one, for nodes that have no name.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/**
 * The address from which this machine would reach the first of `seeds` that has one. Nothing is sent.
 * @throws Error when none of them is known
 */
export async function addressTowards(seeds: readonly string[]): Promise<string> {
  let cause: unknown;
  for (const seed of seeds) {
    const { hostname, port } = new URL(`tcp://${seed}`); // `system@` looks like a user there
    const socket = createSocket('udp4');
    try {
      socket.connect(Number(port), hostname);
      await once(socket, 'connect');
      return socket.address().address;
    } catch (error) {
      cause = error;
    } finally {
      socket.close();
    }
  }
  throw new Error('auto needs SEEDS of which at least one is known', { cause });
}
