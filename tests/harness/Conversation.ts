// People who talk in rooms, whatever happens to the nodes; in the end everything is compared: what was
// acknowledged, what the history has, what everybody has seen.
import { setTimeout as delay } from 'node:timers/promises';
import { until } from 'actor-ts/testkit';
import { expect } from 'vitest';
import type { GoodClient } from './GoodClient.ts';
import type { Login } from './Login.ts';

const SAY_EVERY_MS = 70;
const MAX_WAITING = 40;
const ACKS_WITHIN_MS = 20_000;

export class Conversation {
  readonly people: readonly GoodClient[];
  private readonly rooms: readonly string[];
  private readonly reader: Login;
  private readonly talks: readonly Promise<void>[];
  private talking = true;

  private constructor(people: readonly GoodClient[], rooms: readonly string[], reader: Login) {
    this.people = people;
    this.rooms = rooms;
    this.reader = reader;
    this.talks = people.map((person) => this.talk(person));
  }

  /** Everybody joins every room and talks there until `stop`. */
  static async begin(
    people: readonly GoodClient[],
    rooms: readonly string[],
    reader: Login,
  ): Promise<Conversation> {
    await Promise.all(people.flatMap((person) => rooms.map((room) => person.join(room))));
    return new Conversation(people, rooms, reader);
  }

  /** Resolves once everybody has been acked in every room again, from now on. */
  async goesOn(timeoutMs = ACKS_WITHIN_MS): Promise<void> {
    const from = performance.now();
    const isAcked = (person: GoodClient, room: string) =>
      [...person.acked.values()].some((ack) => ack.room === room && ack.at > from);
    const all = () =>
      this.people.every((person) => this.rooms.every((room) => isAcked(person, room)));
    await until(all, { what: 'acks for everybody in every room', timeoutMs });
  }

  async stop(): Promise<void> {
    this.talking = false;
    await Promise.all(this.talks);
    await Promise.all(this.people.map((person) => person.quiet()));
  }

  /** Every acked message once, in its place, in the history and in every log. */
  async check(): Promise<void> {
    const acked = this.people.flatMap((person) => [...person.acked]);
    for (const room of this.rooms) {
      const history = await this.reader.allOf(room);
      expect(history.map(({ seq }) => seq)).toEqual(history.map((_, index) => index + 1));
      expect(new Set(history.map(({ id }) => id)).size).toBe(history.length);
      for (const [id, { seq }] of acked.filter(([, ack]) => ack.room === room)) {
        expect(history[seq - 1]?.id).toBe(id);
      }
      for (const person of this.people) {
        await person.caughtUp(room, history.length);
        const log = person.log.get(room)!;
        expect(log).toEqual(history.slice(log[0]!.seq - 1));
      }
    }
    expect(this.people.flatMap(({ faults }) => faults)).toEqual([]);
  }

  private async talk(person: GoodClient): Promise<void> {
    for (let i = 0; this.talking; i++) {
      const room = this.rooms[i % this.rooms.length]!;
      if (person.waiting < MAX_WAITING) person.say(room, `${person.user} says ${i}`);
      await delay(SAY_EVERY_MS);
    }
  }
}
