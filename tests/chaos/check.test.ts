// The checker of chaos runs finds what is wrong, each by its name, and nothing in what is right.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FindingKind } from '../../chaos/check/Finding.ts';
import { check } from '../../chaos/check.ts';
import type { JournalEntry, Recorded } from '../../chaos/History.ts';
import { ROOM, rightStories, Story } from './story.ts';

/** Ann and Bob talk; Bob's connection breaks, he resumes and sends again. */
function right(): Story {
  return new Story()
    .joins('ann', null)
    .joins('bob', null)
    .says('ann', 'a1')
    .isShown('ann', 1)
    .isShown('bob', 1)
    .sends('bob', 'b1')
    .happens('bob', { op: 'unknown', room: ROOM, id: 'b1' })
    .happens('bob', { op: 'disconnected', code: 1006 })
    .isWritten('bob', 'b1')
    .isShown('ann', 2)
    .joins('bob', 1)
    .sends('bob', 'b1', 2)
    .isAcked('bob', 'b1')
    .says('ann', 'a2')
    .isShown('ann', 3)
    .isShown('bob', 3);
}

function kindsIn({ history, journal }: Story): FindingKind[] {
  return [...new Set(check(history, journal).findings.map(({ kind }) => kind))];
}

/** A right story with its journal, or its history, changed. */
function withJournal(change: (journal: JournalEntry[]) => JournalEntry[]): Story {
  const story = right();
  story.journal.splice(0, Number.POSITIVE_INFINITY, ...change([...story.journal]));
  return story;
}

function withHistory(change: (entry: Recorded) => Recorded | null): Story {
  const story = right();
  const changed = story.history.map(change).filter((entry) => entry !== null);
  story.history.splice(0, Number.POSITIVE_INFINITY, ...changed);
  return story;
}

describe('what is right', () => {
  test('a resend after a broken connection, acked once it was found written, is right', () => {
    const { findings, counts } = check(right().history, right().journal);
    expect(findings).toEqual([]);
    expect(counts).toMatchObject({ sent: 3, acked: 3, unknown: 1, inJournal: 3, resumed: 1 });
  });

  test('a client that missed more than 500 messages may go on with the newest', () => {
    const story = new Story().says('ann', 'first').joins('bob', null);
    for (let i = 0; i < 600; i++) story.says('ann', `a${i}`);
    story.happens('bob', {
      op: 'joined',
      room: ROOM,
      since: 1,
      head: 601,
      recovered: false,
      from: 502,
      to: 601,
    });
    for (let seq = 502; seq <= 601; seq++) story.isShown('bob', seq);
    expect(kindsIn(story)).toEqual([]);
  });

  test('two messages that were on their way at the same time may stand in either order', () => {
    const story = new Story().sends('ann', 'a1').sends('bob', 'b1');
    story.isWritten('bob', 'b1').isWritten('ann', 'a1').isAcked('ann', 'a1').isAcked('bob', 'b1');
    expect(kindsIn(story)).toEqual([]);
  });
});

describe('what is wrong', () => {
  test('an acked message that the journal lacks is lost', () => {
    const story = withJournal((journal) => journal.slice(0, -1));
    expect(kindsIn(story)).toContain('lost');
  });

  test('an ack that names another place than the journal', () => {
    const story = withHistory((entry) =>
      entry.op === 'ack' && entry.id === 'a1' ? { ...entry, seq: 7 } : entry,
    );
    expect(kindsIn(story)).toEqual(['acked-elsewhere']);
  });

  test('a second ack that names another place than the first', () => {
    const story = right().happens('ann', {
      op: 'ack',
      room: ROOM,
      id: 'a1',
      seq: 2,
      node: 'node1',
    });
    expect(kindsIn(story)).toEqual(['acked-elsewhere']);
  });

  test('a message that is in the journal twice', () => {
    const story = right().isWritten('ann', 'a1').isShown('ann', 4).isShown('bob', 4);
    expect(kindsIn(story)).toEqual(['twice']);
  });

  test('a message in the journal that nobody sent', () => {
    const story = right().isWritten('eve', 'e1').isShown('ann', 4).isShown('bob', 4);
    expect(kindsIn(story)).toEqual(['unsent']);
  });

  test('an ack of a message that nobody sent', () => {
    const story = right().happens('bob', {
      op: 'ack',
      room: ROOM,
      id: 'a1',
      seq: 1,
      node: 'node1',
    });
    expect(kindsIn(story)).toEqual(['unsent']);
  });

  test('a message in the journal with another text', () => {
    const story = withJournal(([first, ...rest]) => [{ ...first!, text: 'forged' }, ...rest]);
    expect(kindsIn(story)).toContain('altered');
  });

  test('a message in the journal though it was refused', () => {
    const story = new Story().sends('ann', 'a1').isWritten('ann', 'a1');
    story.happens('ann', { op: 'fail', room: ROOM, id: 'a1', code: 'busy' });
    expect(kindsIn(story)).toContain('refused-yet-written');
  });

  test('a message that says another place than it has', () => {
    const story = withJournal(([first, ...rest]) => [{ ...first!, numbered: 9 }, ...rest]);
    expect(kindsIn(story)).toEqual(['not-dense']);
  });

  test('a hole in a stream', () => {
    const story = new Story().says('ann', 'a1').says('ann', 'a2');
    story.journal.splice(0, 1);
    expect(kindsIn(story)).toContain('not-dense');
  });

  test('a message that is never acked', () => {
    expect(kindsIn(new Story().sends('ann', 'a1'))).toEqual(['unresolved']);
  });

  test('a client that is shown another message than the journal has', () => {
    const story = withHistory((entry) =>
      entry.op === 'message' && entry.client === 'bob' && entry.seq === 3
        ? { ...entry, text: 'something else' }
        : entry,
    );
    expect(kindsIn(story)).toEqual(['shown-otherwise']);
  });

  test('a client that lacks a message in the middle', () => {
    const story = withHistory((entry) =>
      entry.op === 'message' && entry.client === 'ann' && entry.seq === 2 ? null : entry,
    );
    expect(kindsIn(story)).toEqual(['stream-gap']);
  });

  test('a client that lacks the last message', () => {
    const story = withHistory((entry) =>
      entry.op === 'message' && entry.client === 'ann' && entry.seq === 3 ? null : entry,
    );
    expect(kindsIn(story)).toEqual(['behind']);
  });

  test('a client that is shown a message again', () => {
    expect(kindsIn(right().isShown('bob', 3))).toEqual(['stream-repeated']);
  });

  test('a resume that leaves messages out', () => {
    const story = new Story().says('ann', 'a1').joins('bob', null);
    story.says('ann', 'a2').says('ann', 'a3');
    const answer = { op: 'joined', room: ROOM, since: 1, head: 3, recovered: true } as const;
    story.happens('bob', { ...answer, from: 3, to: 3 }).isShown('bob', 3);
    expect(kindsIn(story)).toEqual(['resume-wrong', 'stream-gap']);
  });

  test('a resume that is refused though little was missed', () => {
    const story = new Story().says('ann', 'a1').joins('bob', null).says('ann', 'a2');
    const answer = { op: 'joined', room: ROOM, since: 1, head: 2, recovered: false } as const;
    story.happens('bob', { ...answer, from: 2, to: 2 }).isShown('bob', 2);
    expect(kindsIn(story)).toEqual(['resume-refused']);
  });

  test('a message that was sent after the ack of one that stands behind it', () => {
    const story = new Story().sends('ann', 'a1').sends('bob', 'b0').isWritten('bob', 'b0');
    story.isWritten('bob', 'b1').isWritten('ann', 'a1');
    story.isAcked('ann', 'a1').sends('bob', 'b1').isAcked('bob', 'b1').isAcked('bob', 'b0');
    expect(kindsIn(story)).toEqual(['order']);
  });
});

describe('faults', () => {
  test('a room is away from a fault on until a message that was sent after it is acked', () => {
    const story = new Story().says('ann', 'a1').sends('ann', 'a2').isWritten('ann', 'a2');
    story.fault('begin').isAcked('ann', 'a2').says('ann', 'a3', 'node2').fault('end');
    const { unavailability, exercised } = check(story.history, story.journal);
    expect(unavailability).toEqual({ kill: { count: 1, p50: 3, p99: 3, max: 3 } });
    expect(exercised.acksDuring).toEqual({ kill: 2 });
  });

  test('a room on another node than the one that is hit is not counted', () => {
    const story = new Story().says('ann', 'a1', 'node2').fault('begin').says('ann', 'a2', 'node2');
    expect(check(story.history, story.journal).unavailability).toEqual({});
  });

  test('a room that never acks again after a fault is a finding', () => {
    const story = new Story().says('ann', 'a1').fault('begin').fault('end');
    expect(kindsIn(story)).toEqual(['no-ack-after']);
  });

  test('where nothing can be acked meanwhile, what was sent meanwhile has to be acked', () => {
    const story = new Story().fault('begin', 'database-lock', 'all', true).sends('ann', 'a1');
    story.fault('end', 'database-lock', 'all', true).isWritten('ann', 'a1').isAcked('ann', 'a1');
    const { exercised } = check(story.history, story.journal);
    expect(exercised.acksDuring).toEqual({ 'database-lock': 1 });
  });

  test('the slowest ack is that of a client with a socket', () => {
    const story = new Story().happens('ann', { op: 'connected', node: 'node1', session: 'node1' });
    story.fault('begin').sends('eve', 'e1').isWritten('eve', 'e1').sends('ann', 'a1').fault('end');
    story.isWritten('ann', 'a1').isAcked('ann', 'a1').isAcked('eve', 'e1');
    expect(check(story.history, story.journal).slowestAck).toEqual({ kill: 2 });
  });

  test('a run says what it did not exercise', () => {
    const quiet = right().fault('begin').fault('end');
    expect(check(quiet.history, quiet.journal).exercised.missing).toEqual([
      'no stale write was refused',
      'no gap was repaired',
      'no message was acked twice',
      'no ack during kill',
    ]);
    const busy = right()
      .fault('begin')
      .says('bob', 'b2')
      .sends('bob', 'b2', 2)
      .isAcked('bob', 'b2');
    for (const what of ['stale-write-refused', 'gap-repaired'] as const) {
      busy.happens('runner', { op: 'probe', node: 'node1', what, room: ROOM });
    }
    expect(check(busy.fault('end').history, busy.journal).exercised.missing).toEqual([]);
  });
});

describe('by chance', () => {
  /** Wrong versions of a right story. */
  const MUTATIONS: Readonly<Record<string, (story: Story, at: number) => void>> = {
    'an acked event dropped': ({ journal }, at) => journal.splice(at % journal.length, 1),
    'two events swapped': ({ journal }, at) => {
      const room = journal[at % journal.length]!.room;
      const [one, other] = journal.filter((entry) => entry.room === room);
      if (other === undefined) return journal.splice(at % journal.length, 1);
      const { seq, numbered } = one!;
      journal[journal.indexOf(one!)] = { ...one!, seq: other.seq, numbered: other.numbered };
      journal[journal.indexOf(other)] = { ...other, seq, numbered };
    },
    'an event doubled': ({ journal }, at) => {
      const one = journal[at % journal.length]!;
      const seq = journal.filter(({ room }) => room === one.room).length + 1;
      journal.push({ ...one, seq, numbered: seq });
    },
    'a text changed': ({ journal }, at) => {
      const index = at % journal.length;
      journal[index] = { ...journal[index]!, text: 'forged' };
    },
    'a message not shown': ({ history }, at) => {
      const shown = history.filter((entry) => entry.op === 'message');
      history.splice(history.indexOf(shown[at % shown.length]!), 1);
    },
    'a message shown twice': ({ history }, at) => {
      const shown = history.filter((entry) => entry.op === 'message');
      const one = shown[at % shown.length]!;
      history.splice(history.indexOf(one), 0, one);
    },
  };

  test('nothing is found in a story that is right', () => {
    fc.assert(
      fc.property(rightStories, (story) => {
        expect(check(story.history, story.journal).findings).toEqual([]);
      }),
    );
  });

  test.for(Object.keys(MUTATIONS))('something is found in one with %s', (name) => {
    fc.assert(
      fc.property(rightStories, fc.nat(1000), (story, at) => {
        MUTATIONS[name]!(story, at);
        expect(check(story.history, story.journal).findings).not.toEqual([]);
      }),
    );
  });
});
