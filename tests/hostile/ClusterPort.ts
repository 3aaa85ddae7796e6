// The cluster port of a node, as those see it who want in: with a handshake of their own, with one
// they have recorded, or with any other bytes.
import { connect, type Socket } from 'node:net';
import { Address } from '../../packages/actor-ts/src/actor/Address.ts';
import type { HandshakeError } from '../../packages/actor-ts/src/errors.ts';
import { FrameReader } from '../../packages/actor-ts/src/remote/FrameReader.ts';
import { framed } from '../../packages/actor-ts/src/remote/framed.ts';
import { ClientHandshake } from '../../packages/actor-ts/src/remote/Handshake.ts';
import type { Victim } from './Victim.ts';

/** Nothing comes for so long: the node waits for more. */
const QUIET_MS = 100;
const GIVEN_UP_MS = 15_000;
/** Nobody is there: what the node wants to tell its new peer is refused at once. */
const OWN_ADDRESS = 'chat@127.0.0.1:1';

export interface Caller {
  /** Undefined: says that it has none. */
  readonly secret: string | undefined;
  /** As which node it calls. */
  readonly self?: string;
  /** Whom it says it dialled; the node by default. */
  readonly to?: string;
}

export interface Call {
  /** Whether the node let it in. */
  readonly isIn: boolean;
  /** Who refused whom, and why. */
  readonly refusal: HandshakeError | undefined;
  /** Everything that was said to the node until it was in. */
  readonly said: Buffer;
}

/** Shakes hands; who is let in says `after` and hangs up. */
export async function call(victim: Victim, caller: Caller, after: Buffer[] = []): Promise<Call> {
  const self = { address: Address.parse(caller.self ?? OWN_ADDRESS), uid: 'mallory' };
  const settings = { self, secret: caller.secret, quarantined: () => false };
  const handshake = new ClientHandshake(settings, Address.parse(caller.to ?? victim.address));
  const socket = connect(victim.clusterPort, '127.0.0.1');
  const said: Buffer[] = [];
  const say = (frame: Uint8Array) => {
    said.push(framed(frame));
    socket.write(framed(frame));
  };
  let refusal: HandshakeError | undefined;
  let isIn = false;
  const reader = new FrameReader(2048, (bytes, start, end) => {
    const { reply, peer, error } = handshake.receive(bytes.subarray(start, end));
    if (reply !== undefined) say(reply);
    refusal ??= error;
    if (peer === undefined) return;
    isIn = true;
    for (const bytes of after) socket.write(bytes);
    socket.end();
  });
  socket.on('data', (chunk) => reader.push(chunk));
  say(handshake.start());
  await closed(socket);
  return { isIn, refusal, said: Buffer.concat(said) };
}

/** Says `bytes`, whatever they are. @returns what the node said, and whether it hung up first */
export async function say(
  victim: Victim,
  bytes: Uint8Array,
): Promise<{ answer: string; hungUp: boolean }> {
  const socket = connect(victim.clusterPort, '127.0.0.1');
  let answer = '';
  let hungUp = false;
  let quiet = setTimeout(() => socket.end(), QUIET_MS);
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
    clearTimeout(quiet);
    quiet = setTimeout(() => socket.end(), QUIET_MS);
  });
  for (const event of ['end', 'error']) {
    socket.on(event, () => {
      hungUp = true;
    });
  }
  socket.write(bytes);
  await closed(socket);
  clearTimeout(quiet);
  return { answer, hungUp };
}

/** The reason in a rejection that the node wrote. */
export function reasonIn(answer: string): string | undefined {
  return /"type":"reject","reason":"([\w-]+)"/.exec(answer)?.[1];
}

/** @throws Error when the node keeps the connection */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      socket.destroy();
      reject(new Error('the node keeps the connection'));
    }, GIVEN_UP_MS);
    socket.on('error', () => undefined); // `close` follows
    socket.on('close', () => {
      clearTimeout(late);
      resolve();
    });
  });
}
