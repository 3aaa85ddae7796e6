// The journal in SQLite beside SQLite itself, both with FULL: what is acknowledged survives a power cut.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type ActorRef,
  ActorSystem,
  PersistenceExtensionId,
  PersistentActor,
  Props,
  SqliteJournal,
} from 'actor-ts';
import { type Contender, perSecond, plain, type Row } from './Row.ts';

const ACTORS = 100;
const EVENTS = 100_000;
/** As many as go into one append. */
const BATCH = 10_000;
const EVENT = {
  kind: 'posted',
  message: {
    seq: 1,
    id: 'x'.repeat(20),
    from: 'ann',
    text: 'x'.repeat(100),
    at: '2026-01-31T00:00',
  },
};

class Writer extends PersistentActor<{ replyTo?: ActorRef<number> }, typeof EVENT, number> {
  readonly persistenceId: string;

  constructor(persistenceId: string) {
    super();
    this.persistenceId = persistenceId;
  }

  initialState(): number {
    return 0;
  }

  onEvent(count: number): number {
    return count + 1;
  }

  onCommand(_count: number, { replyTo }: { replyTo?: ActorRef<number> }): void {
    this.persist(EVENT, () => replyTo!.tell(1));
  }
}

async function inFolder(make: (path: string) => Promise<Contender>): Promise<Contender> {
  const dir = await mkdtemp(join(tmpdir(), 'bench-'));
  const contender = await make(join(dir, 'bench.db'));
  return {
    measure: () => contender.measure(),
    async [Symbol.asyncDispose]() {
      await contender[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A table like the journal's, and the one statement that counts. */
function raw(path: string) {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE events (
      pid TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER, tags TEXT, event TEXT NOT NULL,
      PRIMARY KEY (pid, seq)
    ) WITHOUT ROWID`);
  const insert = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?)');
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const write = (pid: string, seq: number) =>
    insert.run(pid, seq, Date.now(), null, JSON.stringify(EVENT));
  const transaction = (work: () => void) => {
    begin.run();
    work();
    commit.run();
  };
  return { database, write, transaction };
}

function reference(streams: number): Promise<Contender> {
  return inFolder(async (path) => {
    const { write, transaction } = raw(path);
    let seq = 0;
    return plain(() =>
      perSecond(streams, () => {
        seq++;
        transaction(() => {
          for (let n = 0; n < streams; n++) write(`writer-${n}`, seq);
        });
      }),
    );
  });
}

async function openSystem(path: string) {
  const system = ActorSystem.create('bench', { logLevel: 'silent' });
  const journal = new SqliteJournal({ path });
  await journal.open();
  system.extension(PersistenceExtensionId).setJournal(journal);
  return { system, journal };
}

function ours(streams: number): Promise<Contender> {
  return inFolder(async (path) => {
    const { system } = await openSystem(path);
    const writers = Array.from({ length: streams }, (_, n) =>
      system.spawn(
        Props.create(() => new Writer(`writer-${n}`)),
        `writer-${n}`,
      ),
    );
    const measure = () =>
      perSecond(streams, async () => void (await Promise.all(writers.map((w) => w.ask({})))));
    return { measure, [Symbol.asyncDispose]: () => system.terminate() };
  });
}

const row = (name: string, what: string, streams: number, ratio: number): Row => ({
  ...{ name, what, unit: '/s', target: { of: 'reference', ratio } },
  contenders: { reference: () => reference(streams), ours: () => ours(streams) },
});

export const persist = row('persist', 'persist, one actor, one at a time', 1, 0.85);
export const persists = row('persists', 'persist, 100 actors in parallel', ACTORS, 0.35);

/** Milliseconds to read all events of one stream. */
function rawRead(): Promise<Contender> {
  return inFolder(async (path) => {
    const { database, write, transaction } = raw(path);
    transaction(() => {
      for (let seq = 1; seq <= EVENTS; seq++) write('reader', seq);
    });
    const select = database.prepare(
      'SELECT seq, at, tags, event FROM events WHERE pid = ? ORDER BY seq',
    );
    return plain(() => {
      const began = performance.now();
      let count = 0;
      for (const { event } of select.iterate('reader')) {
        if (JSON.parse(event as string).message.seq > 0) count++;
      }
      if (count !== EVENTS) throw new Error(`read ${count} events of ${EVENTS}`);
      return performance.now() - began;
    });
  });
}

function recover(): Promise<Contender> {
  return inFolder(async (path) => {
    const { system, journal } = await openSystem(path);
    for (let head = 0; head < EVENTS; head += BATCH) {
      await journal.append('reader', Array(BATCH).fill(EVENT), head);
    }
    class Reader extends Writer {
      static recovered: (count: number) => void;
      override onRecoveryComplete(): void {
        Reader.recovered(this.state);
      }
    }
    const measure = async () => {
      const began = performance.now();
      const recovered = new Promise<number>((resolve) => {
        Reader.recovered = resolve;
      });
      const reader = system.spawnAnonymous(Props.create(() => new Reader('reader')));
      const count = await recovered;
      const tookMs = performance.now() - began;
      if (count !== EVENTS) throw new Error(`recovered ${count} events of ${EVENTS}`);
      system.stop(reader);
      return tookMs;
    };
    return { measure, [Symbol.asyncDispose]: () => system.terminate() };
  });
}

export const recovery: Row = {
  ...{ name: 'recovery', what: `recovery of ${EVENTS.toLocaleString('en')} events`, unit: 'ms' },
  target: { of: 'reference', ratio: 1 },
  contenders: { reference: rawRead, ours: recover },
};
