// Server-sent events: what happens in the cluster, to everyone who listens. Nothing is subscribed
// to while nobody does.
import type { ServerResponse } from 'node:http';
import { ActorRef } from '../actor/ActorRef.ts';
import type { ActorSystem } from '../actor/ActorSystem.ts';
import { Address } from '../actor/Address.ts';
import { TraceHop } from '../actor/Trace.ts';
import type { Cluster } from '../cluster/Cluster.ts';
import {
  type ClusterEvent,
  LeaderChanged,
  SelfRemoved,
  SelfUp,
  ShardMapChanged,
} from '../cluster/events.ts';
import { EventClient, maxClientBufferBytes } from './EventClient.ts';
import { Problem } from './reply.ts';
import { membersView, memberView } from './views.ts';

/** Readers at the same time; one more gets 503. */
const maxClients = 64;
const heartbeatMs = 15_000;

export class EventFeed {
  private readonly system: ActorSystem;
  private readonly cluster: Cluster;
  private readonly clients = new Set<EventClient>();
  private detach: (() => void)[] = [];
  private nextId = 1;
  /** Readers cut off because they were too slow. */
  dropped = 0;

  constructor(system: ActorSystem, cluster: Cluster) {
    this.system = system;
    this.cluster = cluster;
  }

  get size(): number {
    return this.clients.size;
  }

  /** Keeps the response open. The first event is `members`, the state as it is. @throws Problem */
  add(response: ServerResponse): void {
    if (this.clients.size >= maxClients) {
      const detail = `there are ${maxClients} readers already`;
      throw new Problem(503, 'too-many-readers', 'Service unavailable', detail);
    }
    if (this.clients.size === 0) this.attach();
    const client = new EventClient(response, () => this.remove(client));
    this.clients.add(client);
    this.writeTo(client, this.format('members', membersView(this.cluster)));
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

  private remove(client: EventClient): void {
    this.clients.delete(client);
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
      this.emit('member', { change, ...memberView(event.member) });
    }
  }

  private emit(name: string, data: object): void {
    this.write(this.format(name, data));
  }

  private format(name: string, data: object): string {
    return `id: ${this.nextId++}\nevent: ${name}\ndata: ${JSON.stringify(data, asText)}\n\n`;
  }

  private write(text: string): void {
    for (const client of this.clients) this.writeTo(client, text);
  }

  private writeTo(client: EventClient, text: string): void {
    if (client.write(text)) return;
    this.dropped++;
    this.system.log.warn({ maxClientBufferBytes }, 'cut off a reader of /events: too slow');
  }
}

/** Refs and addresses as people write them; what JSON cannot hold as text. */
function asText(_key: string, value: unknown): unknown {
  if (value instanceof ActorRef || value instanceof Address) return value.toString();
  if (typeof value === 'bigint') return value.toString();
  return value;
}
