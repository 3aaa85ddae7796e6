// Server-sent events: what happens in the cluster, to everyone who listens. Nothing is subscribed
// to while nobody does. Readers of scope `cluster` get the other nodes' hops too, by the relay.
import type { ServerResponse } from 'node:http';
import type { ActorSystem } from '../actor/ActorSystem.ts';
import { TraceHop } from '../actor/Trace.ts';
import type { Cluster } from '../cluster/Cluster.ts';
import {
  type ClusterEvent,
  LeaderChanged,
  MemberRemoved,
  SelfRemoved,
  SelfUp,
  ShardMapChanged,
} from '../cluster/events.ts';
import { EventClient, maxClientBufferBytes } from './EventClient.ts';
import { type HopRelay, HopRelayId } from './HopRelay.ts';
import type { NodeInfo } from './relayMessages.ts';
import { Problem } from './reply.ts';
import { toText } from './toText.ts';
import { membersView, memberView } from './views.ts';

/** Readers at the same time; one more gets 503. */
const maxClients = 64;
const heartbeatMs = 15_000;

/** Whose hops a reader gets: those of this node, or of all nodes. */
export type EventScope = 'node' | 'cluster';

export class EventFeed {
  private readonly system: ActorSystem;
  private readonly cluster: Cluster;
  private readonly relay: HopRelay;
  private readonly clients = new Set<EventClient>();
  /** Those of scope `cluster`. */
  private readonly wideClients = new Set<EventClient>();
  /** What other nodes have said of themselves, as long as somebody wants to know. */
  private readonly infos = new Map<string, NodeInfo>();
  private stopRelay: (() => void) | null = null;
  private detach: (() => void)[] = [];
  private nextId = 1;
  /** Readers cut off because they were too slow. */
  dropped = 0;

  constructor(system: ActorSystem, cluster: Cluster) {
    this.system = system;
    this.cluster = cluster;
    this.relay = system.extension(HopRelayId);
  }

  get size(): number {
    return this.clients.size;
  }

  /**
   * Keeps the response open. The first event is `members`, the state as it is; with scope `cluster`
   * the next is `node`, what this node says of itself.
   * @throws Problem
   */
  add(response: ServerResponse, scope: EventScope = 'node'): void {
    if (this.clients.size >= maxClients) {
      const detail = `there are ${maxClients} readers already`;
      throw new Problem(503, 'too-many-readers', 'Service unavailable', detail);
    }
    if (this.clients.size === 0) this.attach();
    const client = new EventClient(response, () => this.remove(client));
    this.clients.add(client);
    this.writeTo(client, this.format('members', membersView(this.cluster)));
    if (scope === 'cluster') this.widen(client);
  }

  /** Ends all responses. */
  close(): void {
    for (const client of this.clients) client.end();
  }

  private attach(): void {
    const heartbeat = this.system.scheduler.scheduleRepeatedly(heartbeatMs, heartbeatMs, () =>
      this.write(': still here\n\n'),
    );
    let replaying = true;
    this.detach = [
      () => heartbeat.cancel(),
      this.cluster.subscribe((event) => {
        if (!replaying) this.onClusterEvent(event);
      }),
      this.system.eventStream.subscribe<TraceHop>((hop) => this.emit('hop', hop), TraceHop),
    ];
    replaying = false;
  }

  private widen(client: EventClient): void {
    this.wideClients.add(client);
    for (const info of [this.relay.self(this.cluster), ...this.infos.values()]) {
      this.writeTo(client, this.format('node', info));
    }
    this.stopRelay ??= this.relay.listen({
      node: (info) => this.onNode(info),
      hops: (node, hops, count) => {
        for (const hop of hops) this.writeWide(this.formatText('hop', hop));
        if (count > 0) this.writeWide(this.format('hops-lost', { node, count }));
      },
    });
  }

  private onNode(info: NodeInfo): void {
    const known = this.infos.get(info.address);
    if (known?.name === info.name && known.tracing === info.tracing) return;
    this.infos.set(info.address, info);
    this.writeWide(this.format('node', info));
  }

  private remove(client: EventClient): void {
    this.clients.delete(client);
    if (this.wideClients.delete(client) && this.wideClients.size === 0) {
      this.stopRelay?.();
      this.stopRelay = null;
      this.infos.clear();
    }
    if (this.clients.size > 0) return;
    for (const detach of this.detach) detach();
    this.detach = [];
  }

  private onClusterEvent(event: ClusterEvent): void {
    const change = event.constructor.name;
    if (event instanceof ShardMapChanged) {
      const { typeName, shardId, home } = event;
      this.emit('shard', { typeName, shardId, home: home.toNullable() });
    } else if (event instanceof LeaderChanged) {
      this.emit('leader', { leader: event.leader.map((member) => member.address).toNullable() });
    } else if (event instanceof SelfRemoved) {
      this.emit('self', { change, reason: event.reason });
    } else if (event instanceof SelfUp) {
      this.emit('self', { change, ...memberView(event.member) });
    } else {
      if (event instanceof MemberRemoved) this.infos.delete(event.member.address.toString());
      this.emit('member', { change, ...memberView(event.member) });
    }
  }

  private emit(name: string, data: object): void {
    this.write(this.format(name, data));
  }

  private format(name: string, data: object): string {
    return this.formatText(name, toText(data));
  }

  private formatText(name: string, json: string): string {
    return `id: ${this.nextId++}\nevent: ${name}\ndata: ${json}\n\n`;
  }

  private write(text: string): void {
    for (const client of this.clients) this.writeTo(client, text);
  }

  private writeWide(text: string): void {
    for (const client of this.wideClients) this.writeTo(client, text);
  }

  private writeTo(client: EventClient, text: string): void {
    if (client.write(text)) return;
    this.dropped++;
    this.system.log.warn({ maxClientBufferBytes }, 'cut off a reader of /events: too slow');
  }
}
