// A network that can be cut: every node in a network namespace of its own, all joined by a bridge
// that has one too, so that nothing of the machine's own network is touched. Linux, as root.
import { execFileSync } from 'node:child_process';
import type { Network } from './Network.ts';
import type { Place } from './protocol.ts';

const PORT = 2552;

/** Why this machine cannot do it; null when it can. */
export function namespacesMissing(): string | null {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only';
  if (process.getuid!() !== 0) return 'making network namespaces takes root';
  const probe = `av${process.pid}x`;
  try {
    ip('netns', 'add', probe);
    ip('netns', 'del', probe);
    return null;
  } catch (error) {
    return `network namespaces are not to be had (iproute2 installed?): ${(error as Error).message.trim()}`;
  }
}

/** @throws Error with what `ip` said */
export function namespaces(count: number): Network {
  const network = new Namespaces(count);
  try {
    network.make();
  } catch (error) {
    network.remove();
    throw error;
  }
  return network;
}

export class Namespaces implements Network {
  /** All that have not been removed, for the end of the measurement, whatever ends it. */
  static readonly present = new Set<Namespaces>();

  readonly places: readonly Place[];
  private readonly bridge = `av${process.pid}b`;
  private readonly made: string[] = [];

  constructor(count: number) {
    this.places = Array.from({ length: count }, (_, i) => ({
      host: `10.77.0.${i + 11}`,
      port: PORT,
    }));
  }

  make(): void {
    Namespaces.present.add(this);
    this.add(this.bridge);
    this.inside(this.bridge, 'link', 'add', 'br0', 'type', 'bridge');
    this.inside(this.bridge, 'link', 'set', 'br0', 'up');
    for (const place of this.places) {
      const [name, link] = [this.namespaceOf(place), this.linkOf(place)];
      this.add(name);
      this.inside(this.bridge, 'link', 'add', link, 'type', 'veth', 'peer', 'eth0', 'netns', name);
      this.inside(this.bridge, 'link', 'set', link, 'master', 'br0', 'up');
      this.inside(name, 'address', 'add', `${place.host}/24`, 'dev', 'eth0');
      this.inside(name, 'link', 'set', 'eth0', 'up');
      this.inside(name, 'link', 'set', 'lo', 'up');
    }
  }

  wrap(place: Place, command: string, args: readonly string[]): [string, string[]] {
    return ['ip', ['netns', 'exec', this.namespaceOf(place), command, ...args]];
  }

  cut(place: Place): void {
    this.inside(this.bridge, 'link', 'set', this.linkOf(place), 'down');
  }

  heal(place: Place): void {
    this.inside(this.bridge, 'link', 'set', this.linkOf(place), 'up');
  }

  /** Takes the interfaces along. */
  remove(): void {
    for (let name = this.made.pop(); name !== undefined; name = this.made.pop()) {
      ip('netns', 'del', name);
    }
    Namespaces.present.delete(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.remove();
  }

  private add(name: string): void {
    ip('netns', 'add', name);
    this.made.push(name);
  }

  private inside(namespace: string, ...args: string[]): void {
    ip('-n', namespace, ...args);
  }

  private namespaceOf(place: Place): string {
    return `av${process.pid}n${this.indexOf(place)}`;
  }

  private linkOf(place: Place): string {
    return `to${this.indexOf(place)}`;
  }

  private indexOf({ host }: Place): number {
    return this.places.findIndex((place) => place.host === host);
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 10_000 });
}
