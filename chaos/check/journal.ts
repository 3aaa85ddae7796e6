// What was sent and acked against what the journal holds.
import type { Facts, Sent } from './Facts.ts';
import { keyOf } from './Facts.ts';
import type { Finding } from './Finding.ts';

export function findInJournal(facts: Facts): Finding[] {
  const findings: Finding[] = facts.strayAcks.map((what) => ({ kind: 'unsent', what }));
  for (const [room, stream] of facts.streams) {
    stream.forEach(({ seq, numbered, id }, index) => {
      if (seq === index + 1 && numbered === seq) return;
      const what = `${room}: ${id} at ${seq} says ${numbered}, expected ${index + 1}`;
      findings.push({ kind: 'not-dense', what });
    });
  }
  for (const [key, [first, ...more]] of facts.places) {
    const { room, seq, id, from, text } = first!;
    const where = `${room} ${seq}: ${id} of ${from}`;
    if (more.length > 0) {
      const places = more.map((entry) => entry.seq).join(', ');
      findings.push({ kind: 'twice', what: `${where} also at ${places}` });
    }
    const sent = facts.sent.get(key);
    if (sent === undefined) findings.push({ kind: 'unsent', what: where });
    else if (sent.text !== text) findings.push({ kind: 'altered', what: where });
    else if (sent.fails >= sent.sends) findings.push({ kind: 'refused-yet-written', what: where });
  }
  for (const sent of facts.sent.values()) findings.push(...findOfSent(facts, sent));
  return findings;
}

function findOfSent(facts: Facts, { room, from, id, acks, t }: Sent): Finding[] {
  const what = `${room}: ${id} of ${from}, sent at ${t} ms`;
  if (acks.length === 0) return [{ kind: 'unresolved', what }];
  const places = facts.places.get(keyOf(room, from, id)) ?? [];
  const seqs = new Set(acks.map(({ seq }) => seq));
  const wrong = [...seqs].filter((seq) => !places.some((entry) => entry.seq === seq));
  if (wrong.length === 0) return [];
  const acked = `${what}, acked as ${wrong.join(', ')}`;
  if (places.length === 0) return [{ kind: 'lost', what: acked }];
  const there = places.map((entry) => entry.seq).join(', ');
  return [{ kind: 'acked-elsewhere', what: `${acked}, stands at ${there}` }];
}
