// The address by which the other nodes reach this one, for nodes that have no name.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { OptionsError } from '../errors.ts';

/**
 * The address from which this machine would reach the first of `seeds` that has one: a `host` for
 * `Cluster.join`, where each container or machine gets its own from elsewhere. Nothing is sent.
 * @param seeds `system@host:port` or `host:port`, as `Cluster.join` takes them
 * @throws OptionsError when none of them is known
 */
export async function addressTowards(seeds: readonly string[]): Promise<string> {
  let cause: unknown;
  for (const seed of seeds) {
    const socket = createSocket('udp4');
    try {
      const { hostname, port } = new URL(`tcp://${seed}`); // `system@` looks like a user there
      socket.connect(Number(port), hostname);
      await once(socket, 'connect');
      return socket.address().address;
    } catch (error) {
      cause = error;
    } finally {
      socket.close();
    }
  }
  throw new OptionsError(
    'addressTowards: `seeds` takes entries of which at least one is known here, got ' +
      JSON.stringify(seeds),
    { cause },
  );
}
