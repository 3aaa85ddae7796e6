// One node's end of a MemoryNetwork.
import type { Address, UniqueAddress } from '../actor/Address.ts';
import { ActorStateError } from '../errors.ts';
import type { Lane, Transport, TransportEvents, TransportIdentity } from '../remote/Transport.ts';
import type { MemoryNetwork } from './MemoryNetwork.ts';

interface Queue {
  readonly to: Address;
  readonly control: Buffer[];
  readonly ordered: Buffer[];
}

export class MemoryTransport implements Transport {
  closed = false;
  private readonly network: MemoryNetwork;
  private identity: TransportIdentity | null = null;
  private listener: TransportEvents | null = null;
  private bound: Address | null = null;
  private queues = new Map<string, Queue>();

  constructor(network: MemoryNetwork) {
    this.network = network;
  }

  get events(): TransportEvents {
    return this.listener ?? unbound();
  }

  get address(): Address {
    return this.bound ?? unbound();
  }

  get unique(): UniqueAddress {
    return { address: this.address, uid: (this.identity ?? unbound()).uid() };
  }

  async listen(self: TransportIdentity, events: TransportEvents): Promise<Address> {
    this.identity = self;
    this.listener = events;
    this.bound = this.network.bind(this, self);
    return this.bound;
  }

  send(peer: Address, frame: Uint8Array, lane: Lane): boolean {
    if (this.closed) return false;
    const key = peer.toString();
    const queue = this.queues.get(key) ?? { to: peer, control: [], ordered: [] };
    this.queues.set(key, queue);
    (lane === 'control' ? queue.control : queue.ordered).push(Buffer.from(frame));
    return true;
  }

  flush(): void {
    if (this.closed) return;
    const queues = [...this.queues.values()];
    this.queues.clear();
    for (const { to, control, ordered } of queues) {
      this.network.deliver(this, to, [...control, ...ordered]);
    }
  }

  disconnect(peer: Address, reason: string, uid?: string): void {
    const queue = this.queues.get(peer.toString());
    this.queues.delete(peer.toString());
    for (const frame of [...(queue?.control ?? []), ...(queue?.ordered ?? [])]) {
      this.events.undeliverable(peer, frame, reason);
    }
    this.network.disconnect(this, peer, reason, uid);
  }

  async close(): Promise<void> {
    if (this.closed || this.bound === null) return;
    this.flush();
    // What was flushed is under way for one more turn.
    await new Promise((resolve) => setImmediate(resolve));
    this.network.refuse(this.bound);
  }

  /** From now on it neither sends nor receives. */
  die(): void {
    this.closed = true;
    this.queues.clear();
  }
}

function unbound(): never {
  throw new ActorStateError('this transport does not listen yet');
}
