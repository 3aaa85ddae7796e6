// A network within one process, for tests: it can partition, delay, cut nodes off and bring them
// back. What travels are the bytes of the real codec; only the sockets are missing.
import { Address } from '../actor/Address.ts';
import type { Scheduler } from '../actor/Scheduler.ts';
import { SystemScheduler } from '../actor/SystemScheduler.ts';
import { TransportBindError } from '../errors.ts';
import type { Transport, TransportIdentity } from '../remote/Transport.ts';
import { MemoryTransport } from './MemoryTransport.ts';

const FIRST_PORT = 10_001;
const CONNECT_TIMEOUT_MS = 2000;

/** An address, as an object or in its text form. */
export type Place = Address | string;
type Places = Place | readonly Place[];

/** A connection in one direction, as long as it lives. */
interface Link {
  readonly source: MemoryTransport;
  readonly to: Address;
  /** Sent and not yet arrived, oldest first, one entry per turn. */
  readonly underWay: (readonly Buffer[])[];
  state: 'new' | 'established' | 'dead';
  /** Frames were lost on it, so it must not go on as if nothing had been. */
  lossy: boolean;
  dialling: boolean;
}

export class MemoryNetwork {
  private readonly scheduler: Scheduler;
  private readonly nodes = new Map<string, MemoryTransport>();
  private readonly links = new Map<string, Link>();
  private readonly blocked = new Set<string>();
  private readonly delays = new Map<string, number>();
  private nextPort = FIRST_PORT;

  /** With a ManualScheduler, delayed frames arrive when the test moves its clock. */
  constructor(scheduler: Scheduler = new SystemScheduler()) {
    this.scheduler = scheduler;
  }

  /** A transport for one node. */
  transport(): Transport {
    return new MemoryTransport(this);
  }

  /** From now on nothing gets from `a` to `b` or back, and nobody is told. */
  partition(a: Places, b: Places): void {
    for (const left of listOf(a)) {
      for (const right of listOf(b)) {
        this.partitionOneWay(left, right);
        this.partitionOneWay(right, left);
      }
    }
  }

  partitionOneWay(from: Place, to: Place): void {
    this.blocked.add(pair(from, to));
  }

  /** Ends all partitions. Connections that lost frames meanwhile are found broken and made anew. */
  heal(): void {
    this.blocked.clear();
    for (const link of [...this.links.values()]) {
      if (!link.lossy) continue;
      this.bury(link);
      link.source.events.lost(link.to, 'closed');
      this.probe(link.source, link.to);
    }
  }

  /** What is sent between `a` and `b` takes `ms` milliseconds, in both directions; 0 ends it. */
  delay(a: Place, b: Place, ms: number): void {
    this.delays.set(pair(a, b), ms);
    this.delays.set(pair(b, a), ms);
  }

  /** The process at `address` dies: its connections close, and whoever dials it is refused. */
  refuse(address: Place): void {
    const key = address.toString();
    const victim = this.nodes.get(key);
    if (victim === undefined) return;
    this.nodes.delete(key);
    victim.die();
    this.closeFrom(victim);
  }

  // ---- for MemoryTransport ---------------------------------------------------------------------

  /** @internal */
  bind(node: MemoryTransport, self: TransportIdentity): Address {
    const port = self.port === 0 ? this.nextPort++ : self.port;
    const address = new Address(self.system, self.host, port);
    if (this.nodes.has(address.toString())) {
      throw new TransportBindError(`cannot listen on ${address}: the address is in use`);
    }
    this.nodes.set(address.toString(), node);
    return address;
  }

  /** @internal Takes the frames of one turn from one node to another. */
  deliver(source: MemoryTransport, to: Address, frames: readonly Buffer[]): void {
    const key = pair(source.address, to);
    let link = this.links.get(key);
    if (link === undefined) {
      link = { source, to, underWay: [], state: 'new', lossy: false, dialling: false };
      this.links.set(key, link);
    }
    const { underWay } = link;
    underWay.push(frames);
    const arriving = link;
    // In order even when the delay changes: whatever is due, the oldest arrives.
    this.later(source.address, to, () => this.arrive(arriving, underWay.shift()));
  }

  /** @internal `source` closes its connections with `peer`, or only those with one incarnation. */
  disconnect(source: MemoryTransport, peer: Address, reason: string, uid?: string): void {
    const target = this.nodes.get(peer.toString());
    if (uid !== undefined && target !== undefined && target.unique.uid !== uid) return;
    const outbound = this.links.get(pair(source.address, peer));
    const wasOpen = outbound?.state === 'established';
    if (outbound !== undefined) this.bury(outbound, reason);
    if (target !== undefined) this.hangUp(source.address, target, wasOpen);
  }

  private arrive(link: Link, frames: readonly Buffer[] | undefined): void {
    const { source, to } = link;
    if (frames === undefined || link.state === 'dead' || source.closed) return;
    if (this.isCut(link)) {
      if (link.state === 'established') link.lossy = true;
      else this.failToConnect(link, frames);
      return;
    }
    const target = this.nodes.get(to.toString());
    if (target === undefined) {
      this.bury(link);
      this.giveUp(link, frames, 'connection refused');
      source.events.lost(to, 'refused');
      return;
    }
    if (link.state === 'new' && !this.shakeHands(link, target)) {
      this.bury(link);
      this.giveUp(link, frames, 'the handshake failed');
      return;
    }
    const { unique } = source;
    for (const frame of frames) {
      // Handling a frame may end the connection.
      if (this.stateOf(link) !== 'established' || target.closed) return;
      target.events.frame(unique, frame, 0, frame.length);
    }
  }

  private shakeHands(link: Link, target: MemoryTransport): boolean {
    const { source } = link;
    const [client, server] = [source.unique, target.unique];
    if (client.address.system !== server.address.system) {
      source.events.rejected(server.address, 'wrong-system', 'them');
      return false;
    }
    const clientRemoved = target.events.quarantined(client);
    const serverRemoved = source.events.quarantined(server);
    if (clientRemoved || serverRemoved) {
      target.events.rejected(client.address, 'quarantined', serverRemoved ? 'them' : 'us');
      source.events.rejected(server.address, 'quarantined', clientRemoved ? 'them' : 'us');
      return false;
    }
    link.state = 'established';
    source.events.connected(server);
    target.events.connected(client);
    return true;
  }

  /** All connections of a node that is gone close. */
  private closeFrom(victim: MemoryTransport): void {
    for (const [key, node] of this.nodes) {
      const inbound = this.links.get(pair(victim.address, key));
      const wasOpen = inbound?.state === 'established';
      if (inbound !== undefined) this.bury(inbound);
      this.hangUp(victim.address, node, wasOpen);
    }
  }

  /** `node` finds its connections with `from` closed, and looks whether somebody is there. */
  private hangUp(from: Address, node: MemoryTransport, inboundClosed: boolean): void {
    const outbound = this.links.get(pair(node.address, from));
    const outboundClosed = outbound?.state === 'established';
    if (outbound !== undefined && outboundClosed) this.bury(outbound);
    if (!outboundClosed && !inboundClosed) return;
    this.later(from, node.address, () => {
      if (node.closed || this.blocked.has(pair(from, node.address))) return;
      if (outboundClosed) node.events.lost(from, 'closed');
      this.probe(node, from);
    });
  }

  private probe(node: MemoryTransport, address: Address): void {
    this.deliver(node, address, []);
  }

  private failToConnect(link: Link, frames: readonly Buffer[]): void {
    this.giveUp(link, frames, 'no connection');
    if (link.dialling) return;
    link.dialling = true;
    this.scheduler.schedule(CONNECT_TIMEOUT_MS, () => {
      link.dialling = false;
      if (!link.source.closed && this.isCut(link)) link.source.events.lost(link.to, 'unreachable');
    });
  }

  /** Ends a connection. What is under way on an established one is lost, as on a real network. */
  private bury(link: Link, reason = 'the connection was closed'): void {
    const key = pair(link.source.address, link.to);
    if (this.links.get(key) === link) this.links.delete(key);
    const unsent = link.state === 'new' ? link.underWay.splice(0) : [];
    link.state = 'dead';
    for (const frames of unsent) this.giveUp(link, frames, reason);
  }

  private giveUp({ source, to }: Link, frames: readonly Buffer[], reason: string): void {
    for (const frame of frames) source.events.undeliverable(to, frame, reason);
  }

  /** A handshake needs both directions, an established connection only its own. */
  private isCut({ source, to, state }: Link): boolean {
    if (this.blocked.has(pair(source.address, to))) return true;
    return state === 'new' && this.blocked.has(pair(to, source.address));
  }

  private stateOf(link: Link): Link['state'] {
    return link.state;
  }

  private later(from: Place, to: Place, fn: () => void): void {
    const ms = this.delays.get(pair(from, to)) ?? 0;
    if (ms > 0) this.scheduler.schedule(ms, fn);
    else setImmediate(fn);
  }
}

function pair(from: Place, to: Place): string {
  return `${from} > ${to}`;
}

function listOf(places: Places): readonly Place[] {
  return Array.isArray(places) ? (places as readonly Place[]) : [places as Place];
}
