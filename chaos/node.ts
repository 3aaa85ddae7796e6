// The program of a node under chaos: the chat as it is, with probes that tell what cannot be seen from
// outside, faults that only a node can do to itself, and, when asked for, one safety taken out of it.
//
//   SIGUSR2   the event loop stands still for ten seconds
//   SIGHUP    for eight seconds a third of what pub/sub brings to sessions is lost
//   CHAOS_WITHOUT=compare-and-set | deduplication | gap-repair
import { CassandraJournal, JournalConcurrencyError, SqliteJournal } from 'actor-ts';
import { ChatRoomActor } from '../solutions/06-cluster-compose/src/actors/ChatRoomActor.ts';
import { UserSessionActor } from '../solutions/06-cluster-compose/src/actors/UserSessionActor.ts';
import type { ProbeKind } from './History.ts';
import { randomFrom } from './random.ts';
import { isSafety, type Safety } from './safeties.ts';

const BLOCK_MS = 10_000;
const LOSE_MS = 8000;
const LOST_SHARE = 1 / 3;

const { CHAOS_WITHOUT: without = null, CHAOS_SEED: seed = '0', NODE_NAME: name = '' } = process.env;
if (without !== null && !isSafety(without)) throw new Error(`CHAOS_WITHOUT: ${without}`);

function tell(probe: ProbeKind, room: string): void {
  process.stdout.write(`${JSON.stringify({ probe, room })}\n`);
}

/** Tells of refused writes of rooms; without compare-and-set they are written all the same, at the end. */
function watchJournal(isChecked: boolean): void {
  for (const { prototype } of [SqliteJournal, CassandraJournal]) {
    const { append } = prototype;
    prototype.append = async function (pid, events, expectedSeq, tags) {
      for (let head = expectedSeq; ; head = await this.highestSeq(pid)) {
        try {
          await append.call(this, pid, events, head, tags);
          return expectedSeq + events.length;
        } catch (error) {
          const isStale = error instanceof JournalConcurrencyError && pid.startsWith('room-');
          if (isStale) tell('stale-write-refused', pid.slice('room-'.length));
          if (!isStale || isChecked) throw error;
        }
      }
    };
  }
}

/** Tells of messages that a session gets from the history because pub/sub did not bring them. */
function watchRepairs(): void {
  const session = innerOf(UserSessionActor, 'askRoom', 'fetch');
  const { askRoom } = session;
  session.askRoom = function (cmd: any, withinMs: number, then: (answer: any) => void) {
    const isRepair = cmd.kind === 'history' && cmd.since !== undefined;
    askRoom.call(this, cmd, withinMs, (page: any) => {
      const last = page?.messages?.at(-1)?.seq ?? 0;
      const lacks = ({ pushed }: any) => (pushed.get(cmd.roomId) ?? last) < last;
      if (isRepair && this.sockets.some(lacks)) tell('gap-repaired', cmd.roomId);
      then(page);
    });
  };
}

/** @throws Error when the class has no method of such a name any more: then this file is out of date */
function innerOf({ name, prototype }: { name: string; prototype: any }, ...methods: string[]): any {
  const gone = methods.find((method) => typeof prototype[method] !== 'function');
  if (gone !== undefined) throw new Error(`${name} has no ${gone}: chaos/node.ts needs to know`);
  return prototype;
}

function takeOut(safety: Safety | null): void {
  if (safety === 'deduplication') {
    const room = ChatRoomActor.prototype;
    const { onCommand } = room;
    room.onCommand = function (state, cmd) {
      return onCommand.call(this, { ...state, seqs: [] }, cmd);
    };
  }
  if (safety === 'gap-repair') innerOf(UserSessionActor, 'fetch').fetch = () => undefined;
}

function loseNewsWhenAsked(): void {
  const random = randomFrom(Number(seed) * 100 + Number(name.replace(/\D/g, '')));
  let losingUntil = 0;
  process.on('SIGHUP', () => {
    losingUntil = performance.now() + LOSE_MS;
  });
  const session = UserSessionActor.prototype;
  const { onReceive } = session;
  session.onReceive = function (msg) {
    const isNews = 'kind' in msg && (msg.kind === 'inbound' || msg.kind === 'head');
    if (isNews && performance.now() < losingUntil && random() < LOST_SHARE) return;
    return onReceive.call(this, msg);
  };
}

process.on('SIGUSR2', () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCK_MS);
});
watchJournal(without !== 'compare-and-set');
watchRepairs();
takeOut(without);
loseNewsWhenAsked();
await import('../solutions/06-cluster-compose/src/main.ts');
