// What a room finds on disk: rows and snapshots that are cut off, of other shapes, of other releases,
// under numbers that cannot be. A room comes back as its events say, or not at all, by a name.
import fc from 'fast-check';
import {
  AbstractJournal,
  AbstractSnapshotStore,
  type EventPage,
  JournalError,
  type StoredEvent,
  type StoredSnapshot,
} from '../../../packages/actor-ts/src/index.ts';
import { encode } from '../../../packages/actor-ts/src/persistence/encoding.ts';
import { recover } from '../../../packages/actor-ts/src/persistence/recovery.ts';
import {
  ChatRoomActor,
  type RoomEvent,
  type RoomState,
} from '../../../solutions/06-cluster-compose/src/actors/ChatRoomActor.ts';
import { attempt } from '../attempt.ts';
import { corpusTexts } from '../corpus.ts';
import { jsonText, near } from '../inputs.ts';
import { MiB, type Plan, type Surface } from '../Surface.ts';

const PID = 'room-lobby';
/** What of a room works without an actor around it. */
const { initialState, onEvent, isEvent, isState } = ChatRoomActor.prototype;
const FIELDS = ['kind', 'message', 'seq', 'id', 'from', 'text', 'at', 'head', 'recent', 'seqs'];
const VALUES = ['"posted"', '1', '2', '3', '{"$map":[["ann a1",1]]}', '{"$map":[[1,2]]}', '{}'];

/** A stream and the snapshots of it, as they lie in the tables. */
interface Disk {
  readonly events: readonly StoredEvent[];
  readonly snapshots: readonly StoredSnapshot[];
}

export const journal: Surface = {
  name: 'journal',
  what: "a room's stored events and snapshots, and what it recovers to",
  inputs: { test: 3000, fuzz: 1_000_000 },
  mayGrowBytes: 24 * MiB,
  run(plan: Plan) {
    const goodEvents = [1, 2, 3].map(goodEvent);
    const goodStates = [1, 2, 3].map(goodState);
    const kept = { events: corpusTexts('journal'), snapshots: corpusTexts('snapshots') };
    const seq = fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(1, 2, 3) },
      fc.constantFrom(0, -1, 4, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY),
    );
    const text = (good: readonly string[], more: readonly string[]) =>
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...good) },
        { weight: 2, arbitrary: near(good.map((one) => Buffer.from(one))).map(String) },
        { weight: 1, arbitrary: fc.constantFrom(...more) },
        { weight: 2, arbitrary: jsonText(FIELDS, VALUES) },
      );
    const row = fc.record({
      sequenceNr: seq,
      event: text(goodEvents, kept.events),
      tags: fc.constant([]),
      timestamp: fc.constant(0),
    });
    const numbered = fc
      .array(text(goodEvents, kept.events), { maxLength: 4 })
      .map((texts) => texts.map((event, index) => stored(index + 1, event)));
    const snapshot = fc.record({
      sequenceNr: seq,
      state: text(goodStates, kept.snapshots),
      timestamp: fc.constant(0),
    });
    return attempt<Disk>(plan, {
      examples: [
        { events: goodEvents.map((event, index) => stored(index + 1, event)), snapshots: [] },
        ...kept.events.map((event) => ({ events: [stored(1, event)], snapshots: [] })),
        ...kept.snapshots.map((state) => ({
          events: goodEvents.map((event, index) => stored(index + 1, event)),
          snapshots: [{ sequenceNr: 2, state, timestamp: 0 }],
        })),
      ],
      inputs: fc.record({
        events: fc.oneof(numbered, fc.array(row, { maxLength: 4 })),
        snapshots: fc.array(snapshot, { maxLength: 2 }),
      }),
      try: nameOf,
    });
  },
};

/** What the room could not live with; null when it came back as it should. */
async function nameOf(disk: Disk): Promise<string | null> {
  let passedOver = false;
  try {
    const { state, sequenceNr } = await recover<RoomEvent, RoomState>(
      {
        persistenceId: PID,
        journal: new DiskJournal(disk),
        snapshotStore: new DiskSnapshots(disk),
        isEvent,
        isState,
        onSnapshotSkipped: ({ code }) => {
          if (typeof code !== 'string') throw new Error('skipped without a code');
          passedOver = true;
        },
      },
      initialState,
      onEvent,
    );
    checkRoom(state, sequenceNr);
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    return error.code;
  }
  return passedOver ? 'skipped a snapshot' : null;
}

function checkRoom({ head, recent, seqs }: RoomState, sequenceNr: number): void {
  if (head !== sequenceNr) throw new Error(`a head of ${head} after event ${sequenceNr}`);
  const first = head - recent.length + 1;
  for (const [index, { seq, id, text }] of recent.entries()) {
    if (seq !== first + index) throw new Error(`message ${seq} at the place of ${first + index}`);
    if (typeof id !== 'string' || typeof text !== 'string') throw new Error('no message');
  }
  for (const chunk of seqs) {
    if (!(chunk instanceof Map)) throw new Error('ids that are no map');
  }
}

class DiskJournal extends AbstractJournal {
  private readonly disk: Disk;

  constructor(disk: Disk) {
    super();
    this.disk = disk;
  }

  protected async doOpen(): Promise<void> {}
  protected async doClose(): Promise<void> {}
  protected async doDelete(): Promise<void> {}

  protected doAppend(): Promise<number> {
    return Promise.reject(new Error('nothing is written here'));
  }

  protected async doReadPage(_pid: string, from: number, to: number): Promise<EventPage> {
    const events = this.disk.events
      .filter(({ sequenceNr }) => sequenceNr >= from && sequenceNr <= to)
      .toSorted((a, b) => a.sequenceNr - b.sequenceNr);
    return { events, more: false };
  }

  protected async doHighestSeq(): Promise<number> {
    return this.disk.events.reduce((head, { sequenceNr }) => Math.max(head, sequenceNr), 0);
  }

  protected async doListIds(): Promise<readonly string[]> {
    return [];
  }
}

class DiskSnapshots extends AbstractSnapshotStore {
  private readonly disk: Disk;

  constructor(disk: Disk) {
    super();
    this.disk = disk;
  }

  protected async doOpen(): Promise<void> {}
  protected async doClose(): Promise<void> {}
  protected async doSave(): Promise<void> {}
  protected async doDelete(): Promise<void> {}

  protected async doLoad(_pid: string, upTo: number): Promise<StoredSnapshot | null> {
    const fitting = this.disk.snapshots.filter(({ sequenceNr }) => sequenceNr <= upTo);
    return fitting.toSorted((a, b) => b.sequenceNr - a.sequenceNr)[0] ?? null;
  }
}

function stored(sequenceNr: number, event: string): StoredEvent {
  return { sequenceNr, event, tags: [], timestamp: 0 };
}

function goodEvent(seq: number): string {
  return encode({ kind: 'posted', message: message(seq) }, 'an event');
}

function goodState(head: number): string {
  const recent = Array.from({ length: head }, (_, index) => message(index + 1));
  const seqs = [new Map(recent.map(({ from, id, seq }) => [`${from} ${id}`, seq]))];
  return encode({ head, recent, seqs }, 'a state');
}

function message(seq: number) {
  return { seq, id: `a${seq}`, from: 'ann', text: 'hello', at: '2026-01-01T00:00:00.000Z' };
}
