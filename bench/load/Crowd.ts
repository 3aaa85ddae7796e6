// Many people with a socket each, spread over the nodes: as cheap as a client can be, so that the
// machine is the nodes'. Each message is timed from when it was due to its ack, and to the last of all
// who are in the room.
import { setTimeout as delay } from 'node:timers/promises';
import { until } from 'actor-ts/testkit';
import { WebSocket } from 'ws';
import type { TestCluster, TestNode } from '../../tests/harness/Driver.ts';
import { tokenFor } from '../../tests/harness/Login.ts';
import { type Frame, wsUrl } from '../../tests/harness/Socket.ts';

/** So many connect at the same time. */
const AT_ONCE = 50;
const WITHIN_MS = 120_000;

interface Guest {
  readonly ws: WebSocket;
  readonly room: string;
  isIn: boolean;
}

interface Underway {
  readonly dueAt: number;
  readonly room: string;
  missing: number;
}

export class Crowd implements Disposable {
  /** Milliseconds from when it was due, for each message. */
  readonly toAck: number[] = [];
  readonly toLast: number[] = [];
  /** Error frames and closed sockets, by what they said. */
  readonly troubles = new Map<string, number>();
  /** Messages that came to a socket. */
  deliveries = 0;
  /** Per room, ids that were acked. */
  readonly acked = new Map<string, string[]>();
  private readonly guests: Guest[] = [];
  private readonly sizes = new Map<string, number>();
  private readonly underway = new Map<string, Underway>();
  private readonly unacked = new Map<string, Underway>();
  private said = 0;
  private ending = false;

  /** Resolves once `count` people from number `first` on are connected, each in the room that `roomOf` says. */
  static async arrive(
    cluster: TestCluster,
    count: number,
    roomOf: (guest: number) => string,
    first = 0,
  ): Promise<Crowd> {
    const crowd = new Crowd();
    let next = first;
    const usher = async () => {
      while (next < first + count) {
        const guest = next++;
        const node = cluster.nodes[guest % cluster.nodes.length]!;
        const token = await tokenFor(`guest-${guest}`, cluster.secret, '12h');
        await crowd.welcome(node, token, roomOf(guest));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, usher));
    return crowd;
  }

  get size(): number {
    return this.guests.length;
  }

  /** Messages without an ack, or that not all have got. */
  get waiting(): number {
    return this.unacked.size + this.underway.size;
  }

  /** One of them, in turn, says something that was due at `dueAt` (`performance.now()`). */
  say(text: string, dueAt: number): void {
    const { ws, room } = this.guests[this.said % this.guests.length]!;
    const id = `m${this.said++}`;
    const message = { dueAt, room, missing: this.sizes.get(room)! };
    this.underway.set(id, message);
    this.unacked.set(id, message);
    ws.send(JSON.stringify({ type: 'send-message', room, id, text }));
  }

  /** An open loop: what is due is said, whatever came of the last one. @returns how many were said */
  async talk(text: string, perSecond: number, forMs: number): Promise<number> {
    const began = performance.now();
    const count = Math.round((perSecond * forMs) / 1000);
    for (let said = 0; said < count; said++) {
      const dueAt = began + (said * 1000) / perSecond;
      if (dueAt > performance.now()) await delay(dueAt - performance.now());
      this.say(text, dueAt);
    }
    return count;
  }

  /** Resolves once everything said is acked and has come to everybody. */
  async quiet(): Promise<void> {
    await until(() => this.waiting === 0, {
      what: 'all acks and deliveries',
      timeoutMs: WITHIN_MS,
    });
  }

  [Symbol.dispose](): void {
    this.ending = true;
    for (const { ws } of this.guests) ws.terminate();
  }

  private async welcome(node: TestNode, token: string, room: string): Promise<void> {
    const headers = { authorization: `Bearer ${token}` };
    const ws = new WebSocket(wsUrl(node), { headers, perMessageDeflate: false });
    const guest: Guest = { ws, room, isIn: false };
    ws.on('message', (data: Buffer) => this.onFrame(guest, JSON.parse(data.toString())));
    ws.on('error', (error) => this.trouble(error.message));
    ws.on('close', (code) => this.ending || this.trouble(`closed with ${code}`));
    await until(() => guest.isIn, { what: `a place in ${room}`, timeoutMs: WITHIN_MS });
    this.guests.push(guest);
    this.sizes.set(room, (this.sizes.get(room) ?? 0) + 1);
  }

  private onFrame(guest: Guest, frame: Frame): void {
    if (frame.type === 'message') {
      this.deliveries++;
      this.delivered(frame.id);
    } else if (frame.type === 'ack') {
      const message = this.unacked.get(frame.id)!;
      this.unacked.delete(frame.id);
      this.toAck.push(performance.now() - message.dueAt);
      const ids = this.acked.get(message.room) ?? [];
      this.acked.set(message.room, ids);
      ids.push(frame.id);
    } else if (frame.type === 'welcome' && !guest.isIn) {
      guest.ws.send(JSON.stringify({ type: 'join', room: guest.room }));
    } else if (frame.type === 'joined') {
      guest.isIn = true;
    } else if (frame.type === 'error') {
      this.trouble(frame.code);
    }
  }

  private delivered(id: string): void {
    const message = this.underway.get(id);
    if (message === undefined || --message.missing > 0) return;
    this.underway.delete(id);
    this.toLast.push(performance.now() - message.dueAt);
  }

  private trouble(what: string): void {
    this.troubles.set(what, (this.troubles.get(what) ?? 0) + 1);
  }
}
