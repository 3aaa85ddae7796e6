// Real-time order: what was acked before something else was sent, by anybody, stands before it.
import type { Facts } from './Facts.ts';
import { keyOf } from './Facts.ts';
import type { Finding } from './Finding.ts';

interface Moment {
  readonly index: number;
  readonly seq: number;
  readonly id: string;
  readonly is: 'sent' | 'acked';
}

export function findInOrder(facts: Facts): Finding[] {
  const moments = new Map<string, Moment[]>();
  for (const { room, from, id, index, acks } of facts.sent.values()) {
    const place = facts.places.get(keyOf(room, from, id))?.[0]?.seq;
    if (place === undefined) continue; // acked or not: that it is not there is found elsewhere
    const ofRoom = moments.get(room) ?? [];
    moments.set(room, ofRoom);
    ofRoom.push({ index, seq: place, id, is: 'sent' });
    const first = acks[0];
    if (first !== undefined) ofRoom.push({ index: first.index, seq: place, id, is: 'acked' });
  }
  return [...moments].flatMap(([room, ofRoom]) => findInRoom(room, ofRoom));
}

function findInRoom(room: string, moments: Moment[]): Finding[] {
  const findings: Finding[] = [];
  let last: Moment | null = null; // of those acked so far, the one that stands last
  for (const moment of moments.sort((one, other) => one.index - other.index)) {
    if (moment.is === 'acked') {
      if (last === null || moment.seq > last.seq) last = moment;
    } else if (last !== null && moment.seq < last.seq) {
      const what = `${room}: ${last.id} at ${last.seq} was acked before ${moment.id} at ${moment.seq} was sent`;
      findings.push({ kind: 'order', what });
    }
  }
  return findings;
}
