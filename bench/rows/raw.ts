// The least that two processes need for questions and answers: msgpackr on a TCP connection, all that is
// said in one turn of the loop in one write.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Packr } from 'msgpackr';

const LENGTH_BYTES = 4;
const packr = new Packr({ useRecords: false });

export interface Note {
  readonly n: number;
  readonly text: string;
}

/** Hands every message to `hear`; the returned function says something. */
export function wire(socket: Socket, isBatched: boolean, hear: (note: Note) => void) {
  socket.setNoDelay(true);
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    let data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (data.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + data.readUInt32BE(0);
      if (data.length < end) break;
      hear(packr.unpack(data.subarray(LENGTH_BYTES, end)));
      data = data.subarray(end);
    }
    rest = data;
  });
  let batch: Buffer[] = [];
  const flush = () => {
    const all = batch.length === 1 ? batch[0]! : Buffer.concat(batch);
    batch = [];
    socket.write(all);
  };
  return (note: Note) => {
    const body = packr.pack(note);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(body.length);
    batch.push(length, body);
    if (!isBatched) flush();
    else if (batch.length === 2) setImmediate(flush);
  };
}

export interface WireOptions {
  readonly isBatched: boolean;
  /** 1: answers come by the connection of the questions; 2: they have one of their own, opened last. */
  readonly connections: 1 | 2;
}

/** Answers everything with the same. @returns the port */
export async function echoServer({ isBatched, connections }: WireOptions): Promise<number> {
  let answer: (note: Note) => void;
  const server = createServer((socket) => {
    answer = wire(socket, isBatched, (note) => answer(note));
    if (connections === 2) socket.write('.'); // so that the other side knows which one was first
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as { port: number }).port;
}

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** Asks and hears the answer. */
export async function rawAsker(
  port: number,
  { isBatched, connections }: WireOptions,
): Promise<() => Promise<unknown>> {
  const waiting = new Map<number, (note: Note) => void>();
  const hear = (note: Note) => {
    waiting.get(note.n)!(note);
    waiting.delete(note.n);
  };
  const questions = await connected(port);
  if (connections === 2) {
    await once(questions, 'data');
    const answers = await connected(port);
    await once(answers, 'data');
    wire(answers, isBatched, hear);
  }
  const say = wire(questions, isBatched, hear);
  let asked = 0;
  return () =>
    new Promise((resolve) => {
      const n = asked++;
      waiting.set(n, resolve);
      say({ n, text: 'hello' });
    });
}
