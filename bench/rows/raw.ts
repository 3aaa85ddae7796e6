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

/** Answers everything with the same. @returns the port */
export async function echoServer(isBatched: boolean): Promise<number> {
  const server = createServer((socket) => {
    const say = wire(socket, isBatched, (note) => say(note));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as { port: number }).port;
}

/** Asks and hears the answer. */
export async function rawAsker(port: number, isBatched: boolean): Promise<() => Promise<unknown>> {
  const waiting = new Map<number, (note: Note) => void>();
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const say = wire(socket, isBatched, (note) => {
    waiting.get(note.n)!(note);
    waiting.delete(note.n);
  });
  let asked = 0;
  return () =>
    new Promise((resolve) => {
      const n = asked++;
      waiting.set(n, resolve);
      say({ n, text: 'hello' });
    });
}
