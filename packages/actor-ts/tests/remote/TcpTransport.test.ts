import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Address, type UniqueAddress } from '../../src/actor/Address.ts';
import { TransportBindError } from '../../src/errors.ts';
import { framed } from '../../src/remote/framed.ts';
import { TcpTransport, type TcpTransportOptions } from '../../src/remote/TcpTransport.ts';
import type { TransportEvents } from '../../src/remote/Transport.ts';
import { until } from '../../src/testkit/until.ts';
import { type LogLine, recordingLogger } from './nodes.ts';

interface End {
  readonly transport: TcpTransport;
  readonly address: Address;
  readonly uid: string;
  readonly frames: string[];
  readonly connected: UniqueAddress[];
  /** `address evidence`, as they came. */
  readonly lost: string[];
  readonly rejected: string[];
  readonly undeliverable: string[];
  readonly removed: Set<string>;
  readonly lines: LogLine[];
  send(to: End | Address, text: string, lane?: 'control' | 'system' | 'user'): boolean;
}

const ends: End[] = [];
const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(ends.splice(0).map(({ transport }) => transport.close()));
  for (const server of servers.splice(0)) server.close();
});

interface StartOptions extends Partial<TcpTransportOptions> {
  system?: string;
  host?: string;
  uid?: string;
  port?: number;
  onFrame?: (text: string) => void;
}

async function start(options: StartOptions = {}): Promise<End> {
  const { system = 'test', host = '127.0.0.1', port = 0, onFrame, ...more } = options;
  const { uid = Math.random().toString(36), ...rest } = more;
  const lines: LogLine[] = [];
  const transport = new TcpTransport({ log: recordingLogger(lines), ...rest });
  const end = {
    transport,
    uid,
    lines,
    frames: [] as string[],
    connected: [] as UniqueAddress[],
    lost: [] as string[],
    rejected: [] as string[],
    undeliverable: [] as string[],
    removed: new Set<string>(),
    address: undefined as unknown as Address,
    send: (to: End | Address, text: string, lane: 'control' | 'system' | 'user' = 'user') => {
      const peer = to instanceof Address ? to : to.address;
      return transport.send(peer, Buffer.from(text), lane);
    },
  };
  const events: TransportEvents = {
    frame: (_from, bytes, from, to) => {
      const text = bytes.toString('utf8', from, to);
      onFrame?.(text);
      end.frames.push(text);
    },
    connected: (peer) => end.connected.push(peer),
    lost: (peer, evidence) => end.lost.push(`${peer} ${evidence}`),
    rejected: (peer, reason, by) => end.rejected.push(`${peer} ${reason} ${by}`),
    quarantined: (peer) => end.removed.has(peer.uid),
    undeliverable: (_peer, frame) => end.undeliverable.push(frame.toString()),
  };
  const self = { system, host, port, uid: () => uid };
  end.address = await transport.listen(self, events);
  ends.push(end);
  return end;
}

/** A port on which a plain server does what `onSocket` says. */
async function plainServer(onSocket: (socket: Socket) => void): Promise<Address> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new Address('test', '127.0.0.1', (server.address() as { port: number }).port);
}

async function unusedAddress(): Promise<Address> {
  const address = await plainServer(() => {});
  const server = servers.pop()!;
  server.close();
  await once(server, 'close');
  return address;
}

async function dial(to: End): Promise<Socket> {
  const socket = connect(to.address.port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

describe('TcpTransport', () => {
  test('delivers frames in order, and both sides know whom they talk to', async () => {
    const [a, b] = [await start(), await start()];
    for (let n = 0; n < 1000; n++) a.send(b, `${n}`);
    a.transport.flush();
    await until(() => b.frames.length === 1000);
    expect(b.frames).toEqual(Array.from({ length: 1000 }, (_, n) => `${n}`));
    expect(a.connected.map(({ uid }) => uid)).toEqual([b.uid]);
    expect(b.connected.map(({ uid }) => uid)).toEqual([a.uid]);
  });

  test('writes once for all that one turn sends', async () => {
    const [a, b] = [await start(), await start()];
    a.send(b, 'first');
    await until(() => b.frames.length === 1);
    const { writes } = a.transport.counters;
    for (let n = 0; n < 200; n++) a.send(b, `frame ${n}`);
    expect(a.transport.counters.writes).toBe(writes);
    a.transport.flush();
    expect(a.transport.counters.writes).toBe(writes + 1);
    await until(() => b.frames.length === 201);
  });

  test('a turn that sends much does not keep the peer waiting until it ends', async () => {
    const [a, b] = [await start(), await start()];
    a.send(b, 'first');
    await until(() => b.frames.length === 1);
    const { writes } = a.transport.counters;
    for (let n = 0; n < 100; n++) a.send(b, 'x'.repeat(400));
    expect(a.transport.counters.writes).toBeGreaterThan(writes + 1);
    a.transport.flush();
    await until(() => b.frames.length === 101);
    expect(a.transport.counters.writes).toBeLessThan(writes + 15);
  });

  test('control frames overtake user frames that wait', async () => {
    const [a, b] = [await start(), await start()];
    a.send(b, 'user 1');
    a.send(b, 'system', 'system');
    a.send(b, 'user 2');
    a.send(b, 'heartbeat', 'control');
    a.transport.flush();
    await until(() => b.frames.length === 4);
    expect(b.frames).toEqual(['heartbeat', 'user 1', 'system', 'user 2']);
  });

  test('a frame over the limit is refused, and the connection goes on', async () => {
    const [a, b] = [await start({ maxFrameBytes: 1000 }), await start()];
    expect(a.send(b, 'x'.repeat(1001))).toBe(false);
    expect(a.send(b, 'x'.repeat(1000))).toBe(true);
    a.transport.flush();
    await until(() => b.frames.length === 1);
    expect(a.transport.counters.framesRefused).toBe(1);
  });

  test('a frame over the receiver’s limit ends that connection, with a logged reason', async () => {
    const [a, b, c] = [await start(), await start({ maxFrameBytes: 1000 }), await start()];
    c.send(b, 'from c');
    c.transport.flush();
    a.send(b, 'x'.repeat(5000));
    a.transport.flush();
    await until(() => a.lost.includes(`${b.address} closed`));
    expect(b.lines.some(({ message }) => message.includes('5000 bytes'))).toBe(true);
    a.send(b, 'fits');
    a.transport.flush();
    c.send(b, 'still from c');
    c.transport.flush();
    await until(() => b.frames.includes('fits') && b.frames.includes('still from c'));
    expect(c.lost).toEqual([]);
  });

  test('a frame that its receiver cannot handle ends that connection only', async () => {
    const b = await start({
      onFrame: (text) => {
        if (text === 'bad') throw new Error('cannot handle this');
      },
    });
    const a = await start();
    a.send(b, 'bad');
    a.transport.flush();
    await until(() => a.lost.includes(`${b.address} closed`));
    a.send(b, 'good');
    a.transport.flush();
    await until(() => b.frames.includes('good'));
  });

  test('the queue is bounded while the peer does not read, and user frames are refused', async () => {
    const marks = { highWaterBytes: 100_000, lowWaterBytes: 50_000, reserveBytes: 10_000 };
    const a = await start({ marks });
    // It accepts the connection and never says a word.
    const silent = await plainServer(() => {});
    const frame = 'x'.repeat(1000);
    let accepted = 0;
    while (a.send(silent, frame) && accepted < 1000) accepted++;
    expect(accepted).toBeGreaterThan(90);
    expect(accepted).toBeLessThanOrEqual(100);
    expect(a.send(silent, 'heartbeat', 'control')).toBe(true);
    expect(a.transport.queuedBytes).toBeLessThanOrEqual(110_000);
    a.transport.disconnect(silent, 'enough');
    expect(a.undeliverable).toHaveLength(accepted + 1);
    expect(a.transport.queuedBytes).toBe(0);
  });

  test('frames wait for a peer that is not there yet', async () => {
    const address = await unusedAddress();
    const a = await start();
    a.send(address, 'early');
    a.transport.flush();
    await until(() => a.lost.includes(`${address} refused`));
    const b = await start({ port: address.port });
    await until(() => b.frames.length === 1);
    expect(b.frames).toEqual(['early']);
  });

  test('a port where nobody listens is evidence within milliseconds', async () => {
    const address = await unusedAddress();
    const a = await start();
    const since = performance.now();
    a.send(address, 'hello');
    await until(() => a.lost.length > 0, { everyMs: 1 });
    expect(a.lost[0]).toBe(`${address} refused`);
    expect(performance.now() - since).toBeLessThan(1000);
  });

  test('a peer that closes is probed at once, even when nothing is to be sent', async () => {
    const [a, b] = [await start(), await start()];
    a.send(b, 'hello');
    a.transport.flush();
    await until(() => b.frames.length === 1);
    await b.transport.close();
    await until(() => a.lost.includes(`${b.address} refused`));
    expect(a.lost).toContain(`${b.address} closed`);
  });

  test('a peer that only ever talked to us is probed too when it goes', async () => {
    const [a, b] = [await start(), await start()];
    b.send(a, 'hello');
    b.transport.flush();
    await until(() => a.frames.length === 1);
    await b.transport.close();
    await until(() => a.lost.includes(`${b.address} refused`));
  });

  test('a connection that breaks while both live is made anew', async () => {
    const [a, b] = [await start(), await start()];
    a.send(b, 'hello');
    a.transport.flush();
    await until(() => b.frames.length === 1);
    b.transport.disconnect(a.address, 'a hiccup');
    await until(() => a.connected.length === 2);
    expect(a.lost).toEqual([`${b.address} closed`]);
    a.send(b, 'again');
    a.transport.flush();
    await until(() => b.frames.length === 2);
  });

  test('a restarted process is met as a new incarnation; what was meant for the old one is not for it', async () => {
    const [a, b] = [await start(), await start()];
    a.send(b, 'hello');
    a.transport.flush();
    await until(() => b.frames.length === 1);
    await b.transport.close();
    await until(() => a.lost.includes(`${b.address} refused`));
    const reborn = await start({ port: b.address.port, uid: 'reborn' });
    a.send(reborn, 'who are you');
    a.transport.flush();
    await until(() => reborn.frames.length === 1);
    expect(a.connected.map(({ uid }) => uid)).toEqual([b.uid, 'reborn']);
  });

  test('a removed incarnation is refused and told so, in both directions', async () => {
    const [a, b] = [await start({ secret: 's' }), await start({ secret: 's' })];
    a.removed.add(b.uid);
    b.send(a, 'let me in');
    b.transport.flush();
    await until(() => b.rejected.includes(`${a.address} quarantined them`));
    await until(() => a.rejected.includes(`${b.address} quarantined us`));
    expect(b.undeliverable).toEqual(['let me in']);
    a.send(b, 'are you still there');
    await until(() => a.rejected.length === 2);
    expect(a.frames).toEqual([]);
    expect(b.frames).toEqual([]);
  });

  test.each([
    ['another secret', { secret: 'right' }, { secret: 'wrong' }, 'bad-secret'],
    ['a secret missing', { secret: 'right' }, {}, 'bad-secret'],
    ['another system', { system: 'one' }, { system: 'two' }, 'wrong-system'],
  ])(
    '%s: no frame gets through, and the reason is known',
    async (_what, mine: StartOptions, theirs: StartOptions, reason) => {
      const [a, b] = [await start(mine), await start(theirs)];
      const target = new Address(mine.system ?? 'test', '127.0.0.1', b.address.port);
      a.send(target, 'hello');
      a.transport.flush();
      await until(() => a.rejected.some((line) => line.includes(reason)));
      await until(() => a.undeliverable.length === 1);
      expect(b.frames).toEqual([]);
      expect(b.lines.some(({ level }) => level === 'warn')).toBe(true);
    },
  );

  test('a stranger gets no more than a small frame before it is known', async () => {
    const b = await start();
    const socket = await dial(b);
    socket.write(Uint8Array.of(0, 0, 16, 0));
    await once(socket, 'close');
    expect(b.lines.some(({ message }) => message.includes('4096 bytes'))).toBe(true);
  });

  test('a browser that calls is turned away, and the transport goes on', async () => {
    const [a, b] = [await start(), await start()];
    const socket = await dial(b);
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await once(socket, 'close');
    a.send(b, 'hello');
    a.transport.flush();
    await until(() => b.frames.length === 1);
  });

  test('a silent stranger is turned away in time', async () => {
    const b = await start({ handshakeTimeoutMs: 50 });
    const socket = await dial(b);
    socket.write(framed(Buffer.from('{')).subarray(0, 3));
    await once(socket, 'close');
    expect(b.lines.some(({ message }) => message.includes('no handshake'))).toBe(true);
  });

  test('the port being taken is a named error', async () => {
    const a = await start();
    const failed = start({ port: a.address.port });
    await expect(failed).rejects.toThrow(TransportBindError);
  });

  test('listens on bindHost and is known by host', async () => {
    const a = await start({ host: 'node1.invalid', bindHost: '127.0.0.1' });
    expect(a.address.host).toBe('node1.invalid');
    const socket = connect(a.address.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
  });

  test('a killed process is found gone within milliseconds, also when nobody talks to it', async () => {
    const a = await start();
    const child = fork(join(import.meta.dirname, 'listeningProcess.ts'), { stdio: 'inherit' });
    const [port] = (await once(child, 'message')) as [number];
    const address = new Address('test', '127.0.0.1', port);
    a.send(address, 'hello');
    a.transport.flush();
    await until(() => a.connected.length === 1);
    expect(a.lost).toEqual([]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const since = performance.now();
    await until(() => a.lost.includes(`${address} refused`), { everyMs: 1 });
    expect(performance.now() - since).toBeLessThan(1000);
  });

  test('close is idempotent, and what is sent afterwards is refused', async () => {
    const [a, b] = [await start(), await start()];
    await a.transport.close();
    await a.transport.close();
    expect(a.send(b, 'too late')).toBe(false);
  });
});

describe('TcpTransport with TLS', () => {
  const openssl = (() => {
    try {
      execFileSync('openssl', ['version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();

  test.skipIf(!openssl)('talks to those it trusts, and to nobody else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'actor-ts-tls-'));
    try {
      const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
      execFileSync(
        'openssl',
        [
          ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
          ['-keyout', key, '-out', cert, '-days', '1', '-subj', '/CN=test'],
          ['-addext', 'subjectAltName=IP:127.0.0.1'],
        ].flat(),
        { stdio: 'ignore' },
      );
      const pem = { key: readFileSync(key), cert: readFileSync(cert) };
      const tls = { ...pem, ca: pem.cert };
      const [a, b] = [await start({ tls }), await start({ tls })];
      for (let n = 0; n < 10; n++) a.send(b, `${n}`);
      a.transport.flush();
      await until(() => b.frames.length === 10);
      await b.transport.close();
      await until(() => a.lost.includes(`${b.address} refused`));

      const [distrusting, plain, c] = [
        await start({ tls: pem }),
        await start(),
        await start({ tls }),
      ];
      distrusting.send(c, 'whom do I talk to');
      plain.send(c, 'hello');
      await until(() => distrusting.lost.length > 0 && plain.lost.length > 0);
      expect(c.frames).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
