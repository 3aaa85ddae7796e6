// Bytes at the cluster port of a running node: from strangers, who have no secret but may have
// recorded a handshake, and from one who knows the secret and then sends what is no message.
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { encodeTarget, MESSAGE_FRAME } from '../../../packages/actor-ts/src/remote/envelope.ts';
import { framed } from '../../../packages/actor-ts/src/remote/framed.ts';
import { call, reasonIn, say } from '../ClusterPort.ts';
import { corpus } from '../corpus.ts';
import { near } from '../inputs.ts';
import { RESET_EACH, reset } from '../reset.ts';
import { MiB, type Plan, type Surface } from '../Surface.ts';
import { besiege } from '../siege.ts';
import type { Victim } from '../Victim.ts';

/** Of no type: whatever came before it, the node hangs up here. */
const LAST_FRAME = framed(Buffer.of(99));
const CLOSED = 'closed, with its code in the log';
/** What a node says once of messages that it takes, or puts among the dead letters. */
const WARNINGS = ['an instance of ', 'extractEntityId did not give an id'];
const PLACES = [
  '/system/cluster',
  '/system/pubsub',
  '/system/sharding-room',
  '/system/sharding-room-coordinator',
  '/system/sharding-session',
  '/user/sockets',
];

interface Input {
  /** Let in before it says this. */
  readonly known: boolean;
  readonly bytes: Buffer;
}

export const cluster: Surface = {
  name: 'cluster',
  what: 'raw bytes at the cluster port, before and after the handshake',
  inputs: { test: 600, fuzz: 10_000 },
  mayGrowBytes: 24 * MiB,
  run(plan: Plan) {
    const strange = corpus('handshake').map(({ bytes }) => bytes);
    const frames = corpus('decoder').map(({ bytes }) => framed(bytes));
    const recordings: Buffer[] = [];
    let turn = 0;
    return besiege<Input>(plan, {
      mayGrowBytes: cluster.mayGrowBytes,
      examples: [
        ...strange.map((bytes) => ({ known: false, bytes })),
        ...frames.map((bytes) => ({ known: true, bytes })),
      ],
      inputs: fc.oneof(
        fc.record({ known: fc.constant(false), bytes: near(strange) }),
        fc.record({ known: fc.constant(true), bytes: fc.oneof(near(frames), forTheRuntime()) }),
        // Stands for a replay of what was said last by somebody who was let in.
        fc.constant({ known: false, bytes: Buffer.alloc(0) }),
      ),
      isNamed: ({ msg }) => WARNINGS.some((warning) => msg.startsWith(warning)),
      async try(victim, { known, bytes }) {
        if (known) return knownPeer(victim, bytes, recordings);
        if (turn++ % RESET_EACH === 0) return reset(victim.clusterPort, bytes, turn % 3);
        const isReplay = bytes.length === 0 && recordings.length > 0;
        return stranger(victim, isReplay ? recordings.at(-1)! : bytes);
      },
    });
  },
};

/** Messages of any shape for actors of the runtime and of the chat. */
function forTheRuntime(): fc.Arbitrary<Buffer> {
  const packr = new Packr({ useRecords: false, variableMapSize: true, moreTypes: true });
  const kinds = ['register', 'hello', 'homes', 'sync', 'hand-off', 'leave', 'gossip', 'heartbeat'];
  const fields = [
    'kind',
    'epoch',
    'shard',
    'node',
    'from',
    'version',
    'userId',
    'roomId',
    'replyTo',
  ];
  const message = fc.oneof(
    fc.anything({ withMap: false, maxDepth: 2, withNullPrototype: false }),
    fc.dictionary(
      fc.constantFrom(...fields),
      fc.oneof(
        fc.constantFrom(...kinds),
        fc.integer(),
        fc.constant(null),
        fc.object({ maxDepth: 1 }),
      ),
      { maxKeys: 5, noNullPrototype: true },
    ),
  );
  return fc.tuple(fc.constantFrom(...PLACES), message).map(([place, value]) => {
    let body: Buffer;
    try {
      body = Buffer.from(packr.pack(value));
    } catch {
      body = Buffer.of(0xc0); // what does not pack, such as a symbol, is a null
    }
    const head = Buffer.alloc(5);
    head[0] = MESSAGE_FRAME;
    head.writeUInt32BE(body.length, 1);
    return framed(Buffer.concat([head, body, Buffer.of(0), encodeTarget(place, 0)]));
  });
}

/** @throws Error when somebody without the secret is let in */
async function stranger(victim: Victim, bytes: Buffer): Promise<string | null> {
  const { answer, hungUp } = await say(victim, bytes);
  if (answer.includes('"type":"verdict"')) throw new Error(`a stranger was let in: ${answer}`);
  const reason = reasonIn(answer);
  if (reason !== undefined) return `reject ${reason}`;
  return hungUp && answer === '' ? CLOSED : null;
}

/** What is refused, and what comes last, ends the connection. */
async function knownPeer(victim: Victim, bytes: Buffer, recordings: Buffer[]): Promise<string> {
  const { secret } = victim;
  const { isIn, refusal, said } = await call(victim, { secret }, [bytes, LAST_FRAME]);
  if (!isIn) throw refusal ?? new Error('hung up on during the handshake');
  recordings.splice(0, recordings.length, said);
  return CLOSED;
}
