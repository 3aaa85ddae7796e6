// What a stranger says at the cluster port before it is known: cut into frames, and answered by both
// roles of the handshake. A recording of a good handshake lets nobody in.
import fc from 'fast-check';
import { Address } from '../../../packages/actor-ts/src/actor/Address.ts';
import { ActorTsError, type HandshakeError } from '../../../packages/actor-ts/src/errors.ts';
import { FrameReader } from '../../../packages/actor-ts/src/remote/FrameReader.ts';
import { framed } from '../../../packages/actor-ts/src/remote/framed.ts';
import {
  ClientHandshake,
  type Handshake,
  MAX_HANDSHAKE_FRAME_BYTES,
  ServerHandshake,
} from '../../../packages/actor-ts/src/remote/Handshake.ts';
import { attempt } from '../attempt.ts';
import { corpus } from '../corpus.ts';
import { jsonText, near } from '../inputs.ts';
import { MiB, type Plan, type Surface } from '../Surface.ts';

const SECRET = 'the secret of the fuzzed nodes';
const CLIENT = { address: new Address('chat', 'one', 1), uid: 'c1' };
const SERVER = { address: new Address('chat', 'two', 2), uid: 's1' };
const FIELDS = ['type', 'protocol', 'version', 'address', 'uid', 'nonce', 'secret', 'to'];
const MORE_FIELDS = ['verdict', 'proof', 'reason', 'detail'];
const VALUES = ['"hello"', '"verdict"', '"reject"', '"actor-ts"', '"chat@one:1"', '"chat@two:2"'];
const REASONS = [
  'malformed',
  'wrong-version',
  'wrong-system',
  'wrong-address',
  'bad-secret',
  'quarantined',
];

function settings(self: typeof CLIENT, secret = SECRET) {
  return { self, secret, quarantined: () => false };
}

/** What client and server said to each other in a handshake that succeeded. */
export function recording(): { client: Buffer[]; server: Buffer[] } {
  const client = new ClientHandshake(settings(CLIENT), SERVER.address);
  const server = new ServerHandshake(settings(SERVER));
  const hello = client.start();
  const answer = server.receive(hello).reply!;
  const verdict = client.receive(answer).reply!;
  const last = server.receive(verdict);
  if (last.peer === undefined) throw new Error('the handshake to record failed');
  return {
    client: [hello, verdict].map((frame) => Buffer.from(frame)),
    server: [answer, last.reply!].map((frame) => Buffer.from(frame)),
  };
}

interface Stream {
  readonly to: 'server' | 'client';
  readonly bytes: Buffer;
}

export const handshake: Surface = {
  name: 'handshake',
  what: 'a stranger at the cluster port: lengths, frames, recordings, as client and as server',
  inputs: { test: 3000, fuzz: 1_000_000 },
  mayGrowBytes: 16 * MiB,
  run(plan: Plan) {
    const { client, server } = recording();
    const said = jsonText([...FIELDS, ...MORE_FIELDS], VALUES).map((text) => Buffer.from(text));
    const frame = fc.oneof(
      { weight: 3, arbitrary: near([...client, ...server]) },
      { weight: 2, arbitrary: fc.constantFrom(...client, ...server) },
      { weight: 2, arbitrary: said },
    );
    const streams = fc.oneof(
      {
        weight: 4,
        arbitrary: fc
          .array(frame, { minLength: 1, maxLength: 3 })
          .map((frames) => Buffer.concat(frames.map(framed))),
      },
      { weight: 1, arbitrary: near([Buffer.concat(client.map(framed))]) },
    );
    const kept = corpus('handshake').map(({ bytes }) => bytes);
    const recorded = [client, server].map((frames) => Buffer.concat(frames.map(framed)));
    return attempt<Stream>(plan, {
      examples: [...kept, ...recorded].flatMap((bytes) => [
        { to: 'server', bytes },
        { to: 'client', bytes },
      ]),
      inputs: fc.record({ to: fc.constantFrom('server', 'client'), bytes: streams }),
      try: async ({ to, bytes }) => nameOf(listener(to), bytes),
    });
  },
};

function listener(role: 'server' | 'client'): Handshake {
  if (role === 'server') return new ServerHandshake(settings(SERVER));
  const client = new ClientHandshake(settings(CLIENT), SERVER.address);
  client.start();
  return client;
}

/** Why the stream is refused; null while it may go on. @throws Error when it lets somebody in */
function nameOf(listening: Handshake, bytes: Buffer): string | null {
  let refusal: HandshakeError | undefined;
  const reader = new FrameReader(MAX_HANDSHAKE_FRAME_BYTES, (chunk, start, end) => {
    const step = listening.receive(chunk.subarray(start, end));
    if (step.peer !== undefined) throw new Error('a stranger was let in');
    if (step.error === undefined) return;
    refusal = step.error;
    reader.stop();
  });
  try {
    reader.push(bytes);
  } catch (error) {
    if (!(error instanceof ActorTsError)) throw error;
    return error.code;
  }
  if (refusal === undefined) return null;
  if (!REASONS.includes(refusal.reason)) throw new Error(`no known reason: ${refusal.reason}`);
  return `${refusal.code} ${refusal.reason}`;
}
