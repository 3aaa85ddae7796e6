// Frames of a peer that is let in: bytes near those that nodes really send, and tags whose content is
// not what their kind has. Handed to a real system, with an actor behind the path.
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { Actor } from '../../../packages/actor-ts/src/actor/Actor.ts';
import { ActorSystem } from '../../../packages/actor-ts/src/actor/ActorSystem.ts';
import { Address } from '../../../packages/actor-ts/src/actor/Address.ts';
import { Props } from '../../../packages/actor-ts/src/actor/Props.ts';
import {
  registerClass,
  registerPositional,
} from '../../../packages/actor-ts/src/actor/serialization.ts';
import { DecodeError } from '../../../packages/actor-ts/src/errors.ts';
import { encodeTarget, MESSAGE_FRAME } from '../../../packages/actor-ts/src/remote/envelope.ts';
import { Remoting } from '../../../packages/actor-ts/src/remote/Remoting.ts';
import type { Transport } from '../../../packages/actor-ts/src/remote/Transport.ts';
import { Tag } from '../../../packages/actor-ts/src/remote/wireTags.ts';
import { attempt } from '../attempt.ts';
import { corpus } from '../corpus.ts';
import { anyText, near } from '../inputs.ts';
import { MiB, type Plan, type Surface } from '../Surface.ts';

const SILENT = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT };
const OWN = { host: 'victim', port: 1 };
const PEER = { address: new Address('hostile', 'peer', 1), uid: 'peer' };
/** Inputs after which actors get a turn. */
const TURN = 200;

/** Its setter and its getter run for nothing that a peer sends. */
class Guarded {
  static touched = 0;
  readonly field: number;

  constructor(field: number) {
    this.field = field;
  }

  set trap(_value: unknown) {
    Guarded.touched++;
  }
}
registerClass('hostile.Guarded', Guarded);

/** Made again by its constructor. */
class Placed {
  readonly first: unknown;
  readonly second: unknown;

  constructor(first: unknown, second: unknown) {
    this.first = first;
    this.second = second;
  }
}
registerPositional('hostile.Placed', Placed, ['first', 'second']);

class Inbox extends Actor<unknown> {
  override onReceive(): void {}
}

/** Keeps what is sent instead of sending it. */
class Recorder implements Transport {
  frames: Buffer[] = [];

  async listen(): Promise<Address> {
    return new Address('hostile', OWN.host, OWN.port);
  }
  send(_peer: Address, frame: Uint8Array): boolean {
    if (this.frames.length < 100) this.frames.push(Buffer.from(frame));
    return true;
  }
  flush(): void {}
  disconnect(): void {}
  async close(): Promise<void> {}
}

export const decoder: Surface = {
  name: 'decoder',
  what: 'frames of a peer that was let in: MessagePack, tags, paths, messages of the runtime',
  inputs: { test: 3000, fuzz: 1_000_000 },
  mayGrowBytes: 24 * MiB,
  async run(plan: Plan) {
    const transport = new Recorder();
    const system = ActorSystem.create('hostile', { log: SILENT });
    const remoting = await Remoting.start(system, { ...OWN, transport });
    const inbox = system.spawn(
      Props.create(() => new Inbox()),
      'inbox',
    );
    const there = remoting.refFor(PEER.address, '/user/inbox');
    for (const message of goodMessages(inbox)) there.tell(message, inbox);
    there.ask({ kind: 'question' }, 1).catch(() => undefined);
    remoting.outbox.flush();
    const seeds: Buffer[] = [...transport.frames, ...corpus('decoder').map(({ bytes }) => bytes)];
    if (transport.frames.length < 5) throw new Error('no good frames to begin with');
    let turn = 0;
    try {
      return await attempt<Buffer>(plan, {
        examples: seeds,
        inputs: fc.oneof(
          { weight: 3, arbitrary: near(seeds) },
          { weight: 2, arbitrary: near([Buffer.alloc(0)]).map(framed) },
          { weight: 2, arbitrary: wildBody().map(framed) },
        ),
        async try(bytes) {
          if (++turn % TURN === 0) await setImmediate();
          try {
            remoting.frame(PEER, bytes, 0, bytes.length);
          } catch (error) {
            if (!(error instanceof DecodeError)) throw error;
            return error.code;
          }
          if (Guarded.touched > 0) throw new Error('a setter ran');
          if (Object.keys(Object.prototype).length > 0) throw new Error('Object has new fields');
          return null;
        },
      });
    } finally {
      await system.terminate();
    }
  },
};

function goodMessages(ref: unknown): unknown[] {
  return [
    { replyTo: ref, list: [1, 'two', null, undefined], nested: { deep: { deeper: [true] } } },
    new Map<unknown, unknown>([
      ['a', new Set([1n, 2n ** 70n])],
      [ref, new Date(0)],
    ]),
    new RangeError('no', { cause: new Error('because') }),
    new Guarded(1),
    new Placed(ref, new Placed(1, [])),
    { bytes: new Uint8Array([1, 2, 3]), floats: new Float64Array([0.5]), text: 'ä😀'.repeat(20) },
  ];
}

const packr = new Packr({ useRecords: false, variableMapSize: true, moreTypes: true });

/** Well-formed MessagePack with tags that hold what they should not. */
function wildBody(): fc.Arbitrary<Buffer> {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', maxDepth: 4 },
      fc.oneof(fc.constantFrom(null, undefined, true, Number.NaN, -0, 2 ** 53), fc.bigInt()),
      fc.oneof(anyText(8), fc.integer(), fc.uint8Array({ maxLength: 8 })),
      fc.constantFrom('hostile.Guarded', 'hostile.Placed', 'option.Some', '/user/inbox'),
      fc.constantFrom('hostile@victim:1', 'hostile@peer:1', 'nowhere', 'a@b:99999'),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(
        fc.constantFrom('__proto__', 'constructor', 'trap', 'field', 'replyTo', 'message', 'kind'),
        tie('value'),
        { maxKeys: 3 },
      ),
      fc
        .tuple(fc.integer({ min: -1, max: 7 }), fc.array(tie('value'), { maxLength: 5 }))
        .map(([kind, content]) => new Tag([kind, ...content])),
    ),
  }));
  return value.map((one) => Buffer.from(packr.pack(one)));
}

/** A message frame with this body, from nobody, to the inbox. */
function framed(body: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head[0] = MESSAGE_FRAME;
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body, Buffer.of(0), encodeTarget('/user/inbox', 0)]);
}
