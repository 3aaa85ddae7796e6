// What clients with a good token send over their socket: frames that are no frames of the chat, and
// bytes that are no frames of a WebSocket.
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { until } from 'actor-ts/testkit';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { fresh, Login } from '../../harness/Login.ts';
import { type Frame, wsUrl } from '../../harness/Socket.ts';
import { corpus, corpusTexts } from '../corpus.ts';
import { jsonText, near } from '../inputs.ts';
import { RESET_EACH } from '../reset.ts';
import { MiB, type Plan, type Surface } from '../Surface.ts';
import { besiege } from '../siege.ts';
import type { Victim } from '../Victim.ts';

const FIELDS = ['type', 'room', 'id', 'text', 'since'];
const VALUES = ['"join"', '"leave"', '"send-message"', '"lobby"', '"hall"', '"an-id"', '"hello"'];
const ANSWERS = ['welcome', 'joined', 'left', 'ack', 'message'];
const CODES = [
  'bad-frame',
  'bad-room',
  'too-large',
  'not-joined',
  'rate-limited',
  'busy',
  'timeout',
];
/** What RFC 6455 and the chat close a socket with. */
const CLOSINGS = [1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009, 1011, 1013];
/** Bytes may be the beginning of a frame: the node waits for the rest, and so do we for a moment. */
const UNFINISHED_MS = 150;
const GIVEN_UP_MS = 15_000;

type Input =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'binary'; readonly bytes: Buffer }
  | { readonly kind: 'raw'; readonly bytes: Buffer }
  | { readonly kind: 'pieces'; readonly bytes: Buffer; readonly count: number };

export const websocket: Surface = {
  name: 'websocket',
  what: 'frames and raw bytes on an open WebSocket',
  inputs: { test: 600, fuzz: 10_000 },
  mayGrowBytes: 24 * MiB,
  run(plan: Plan) {
    const texts = corpusTexts('websocket');
    const raw = corpus('websocket-raw').map(({ bytes }) => bytes);
    const attackers = new Attackers();
    const text = fc.oneof(
      jsonText(FIELDS, VALUES),
      near(texts.map((one) => Buffer.from(one))).map(String),
    );
    return besiege<Input>(plan, {
      mayGrowBytes: websocket.mayGrowBytes,
      examples: [
        ...texts.map((one): Input => ({ kind: 'text', text: one })),
        ...raw.map((bytes): Input => ({ kind: 'raw', bytes })),
        { kind: 'text', text: 'x'.repeat(17 * 1024) },
        { kind: 'pieces', bytes: Buffer.alloc(40, '['), count: 40 },
      ],
      inputs: fc.oneof(
        { weight: 8, arbitrary: text.map((one): Input => ({ kind: 'text', text: one })) },
        {
          weight: 1,
          arbitrary: near([Buffer.from(texts[0]!)]).map(
            (bytes): Input => ({ kind: 'binary', bytes }),
          ),
        },
        {
          weight: 1,
          arbitrary: fc
            .record({
              bytes: near(texts.map((one) => Buffer.from(one))),
              count: fc.integer({ min: 2, max: 20 }),
            })
            .map((pieces): Input => ({ kind: 'pieces', ...pieces })),
        },
        { weight: 2, arbitrary: near(raw).map((bytes): Input => ({ kind: 'raw', bytes })) },
      ),
      try: (victim, input) => attackers.send(victim, input),
    });
  },
};

/** Sockets that are open and free, kept for the next input. */
class Attackers {
  private readonly free: Attacker[] = [];
  private turn = 0;

  async send(victim: Victim, input: Input): Promise<string | null> {
    let attacker = this.free.pop();
    if (attacker === undefined || attacker.isOver) attacker = await Attacker.connect(victim);
    if (this.turn++ % RESET_EACH === 0) return attacker.sendAndVanish(input);
    const name = await attacker.send(input);
    if (!attacker.isOver) this.free.push(attacker);
    return name;
  }
}

class Attacker {
  private readonly ws: WebSocket;
  private frames: Frame[] = [];
  private closing: number | null = null;
  private inputs = 0;

  private constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('message', (data) => this.frames.push(JSON.parse(data.toString())));
    ws.on('error', () => undefined); // `close` follows
    ws.on('close', (code) => {
      this.closing = code;
    });
  }

  static async connect(victim: Victim): Promise<Attacker> {
    const { token } = await Login.as(fresh('mallory'), victim.node);
    const headers = { authorization: `Bearer ${token}` };
    const attacker = new Attacker(new WebSocket(wsUrl(victim.node), { headers }));
    await until(() => attacker.frames.length > 0, { what: 'the welcome', timeoutMs: GIVEN_UP_MS });
    return attacker;
  }

  get isOver(): boolean {
    return this.closing !== null || this.ws.readyState !== WebSocket.OPEN;
  }

  /** The connection is reset as soon as the input is on its way. */
  async sendAndVanish(input: Input): Promise<null> {
    this.write(input);
    await setImmediate();
    socketOf(this.ws).resetAndDestroy();
    await until(() => this.closing !== null, {
      what: 'the end',
      timeoutMs: GIVEN_UP_MS,
      everyMs: 1,
    });
    return null;
  }

  /** Sends the input, and after it a frame whose answer tells that the input has been handled. */
  async send(input: Input): Promise<string | null> {
    this.frames = [];
    this.write(input);
    const room = `end-of-${this.inputs++}`;
    if (this.ws.readyState === WebSocket.OPEN) this.write(leave(room));
    const isAnswered = () => this.frames.some((one) => one.type === 'left' && one.room === room);
    const timeoutMs = input.kind === 'raw' ? UNFINISHED_MS : GIVEN_UP_MS;
    const handled = await until(() => this.closing !== null || isAnswered(), {
      timeoutMs,
      everyMs: 1,
    })
      .then(() => true)
      .catch(() => false);
    if (!handled) this.ws.terminate();
    return this.nameOf(input, handled);
  }

  /** Why it was refused, null when it was not. @throws Error when there is no name for that */
  private nameOf(input: Input, handled: boolean): string | null {
    const unknown = this.frames.find(({ type }) => type !== 'error' && !ANSWERS.includes(type));
    if (unknown !== undefined) throw new Error(`answered with ${JSON.stringify(unknown)}`);
    const errors = this.frames.filter(({ type }) => type === 'error');
    const nameless = errors.find(({ code }) => !CODES.includes(code));
    if (nameless !== undefined) throw new Error(`refused by ${JSON.stringify(nameless)}`);
    if (errors.length > 0) return `error ${errors[0]!.code}`;
    const isRaw = input.kind === 'raw';
    if (this.closing !== null) {
      if (CLOSINGS.includes(this.closing)) return `close ${this.closing}`;
      // Who goes on writing to a closed connection may lose what came before its end.
      if (isRaw && this.closing === 1006) return 'connection reset';
      // Bytes may be a good frame that closes with a code of the client's own.
      if (isRaw && this.closing >= 3000 && this.closing < 5000) return null;
      throw new Error(`closed with ${this.closing}`);
    }
    if (!handled && !isRaw) throw new Error('no answer');
    return null;
  }

  private write(input: Input): void {
    const { ws } = this;
    if (input.kind === 'text') ws.send(input.text);
    else if (input.kind === 'binary') ws.send(input.bytes, { binary: true });
    else if (input.kind === 'raw') socketOf(ws).write(input.bytes);
    else this.writePieces(input.bytes, input.count);
  }

  private writePieces(bytes: Buffer, count: number): void {
    const size = Math.ceil(bytes.length / count) || 1;
    for (let at = 0; at < bytes.length; at += size) {
      const fin = at + size >= bytes.length;
      this.ws.send(bytes.subarray(at, at + size), { binary: false, fin });
    }
  }
}

function leave(room: string): Input {
  return { kind: 'text', text: JSON.stringify({ type: 'leave', room }) };
}

/** The connection below: `ws` itself sends nothing that is wrong. */
function socketOf(ws: WebSocket): Socket {
  return (ws as unknown as { _socket: Socket })._socket;
}
