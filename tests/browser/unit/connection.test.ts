// The page's connection, with a socket, a clock and dice that the test holds.
import { beforeEach, expect, test } from 'vitest';
import { ui } from '../ui.ts';

const { Connection, backoffMs } = await ui('connection.js');

class FakeSocket {
  readonly sent: unknown[] = [];
  closed = false;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(): void {
    this.closed = true;
  }

  says(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

class FakeClock {
  private ms = 1_000_000;
  private readonly timers = new Set<{ at: number; fn: () => void }>();

  now = () => this.ms;

  after = (delayMs: number, fn: () => void) => {
    const timer = { at: this.ms + delayMs, fn };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  };

  pass(durationMs: number): void {
    const end = this.ms + durationMs;
    for (;;) {
      const [next] = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.timers.delete(next);
      this.ms = Math.max(this.ms, next.at);
      next.fn();
    }
    this.ms = end;
  }
}

const welcome = { type: 'welcome', user: 'ann', node: 'node2', session: 'node3' };
let clock: FakeClock;
let sockets: FakeSocket[];
let states: any[];
let frames: any[];
let told: string[];
let connection: any;
const socket = () => sockets.at(-1)!;

beforeEach(() => {
  clock = new FakeClock();
  sockets = [];
  states = [];
  frames = [];
  told = [];
  const open = () => {
    sockets.push(new FakeSocket());
    return socket();
  };
  const on = {
    state: (state: object) => states.push(state),
    frame: (frame: object) => frames.push(frame),
    refused: () => told.push('refused'),
    idle: () => told.push('idle'),
  };
  connection = new Connection(open, on, clock, () => 1);
});

function live(forMs = 0): void {
  connection.connectNow();
  socket().says(welcome);
  // Something comes now and then, so that the time alone passes.
  for (let ms = 0; ms < forMs; ms += 1_000) {
    clock.pass(1_000);
    socket().says({ type: 'message' });
  }
}

test('waits nothing at first, then half to all of a time that doubles up to 15 s', () => {
  expect([0, 1, 2, 3, 6, 50].map((attempt) => backoffMs(attempt, () => 1))).toEqual([
    0, 500, 1_000, 2_000, 15_000, 15_000,
  ]);
  expect(backoffMs(3, () => 0)).toBe(1_000);
});

test('is live from the welcome on, and knows its nodes', () => {
  connection.connectNow();
  expect(states).toEqual([{ name: 'connecting' }]);
  socket().says(welcome);
  expect(states.at(-1)).toEqual({ name: 'live', node: 'node2', session: 'node3', quiet: false });
  expect(frames).toEqual([welcome]);
});

test('sends only while it is live', () => {
  connection.connectNow();
  connection.send({ type: 'join' });
  expect(socket().sent).toEqual([]);
  socket().says(welcome);
  connection.send({ type: 'join' });
  expect(socket().sent).toEqual([{ type: 'join' }]);
});

test('retries at once when a settled connection is lost, then more and more slowly', () => {
  live(6_000);
  const waits: number[] = [];
  for (let i = 0; i < 4; i++) {
    socket().onclose!({ code: 1006 });
    const { until } = states.at(-1);
    waits.push(until - clock.now());
    clock.pass(until - clock.now());
    expect(states.at(-1)).toEqual({ name: 'connecting' });
  }
  expect(waits).toEqual([0, 500, 1_000, 2_000]);
});

test.each([1001, 1012, 1013])('comes back at once when the server says %i', (code) => {
  live(2_000);
  socket().onclose!({ code: 1006 });
  clock.pass(0);
  socket().says(welcome);
  clock.pass(1_500);
  socket().onclose!({ code });
  expect(states.at(-1)).toEqual({ name: 'waiting', until: clock.now() });
});

test('does not hammer a server that welcomes and closes at once', () => {
  const waits = [];
  live();
  for (let i = 0; i < 3; i++) {
    socket().onclose!({ code: 1013 });
    const { until } = states.at(-1);
    waits.push(until - clock.now());
    clock.pass(until - clock.now());
    socket().says(welcome);
  }
  expect(waits).toEqual([0, 500, 1_000]);
});

test('stops when the login has expired', () => {
  live(6_000);
  socket().onclose!({ code: 4401 });
  expect(states.at(-1)).toEqual({ name: 'stopped', reason: 'expired' });
  clock.pass(60_000);
  expect(sockets).toHaveLength(1);
});

test('tells of a socket that closes before its welcome, as the reason may be a 401', () => {
  connection.connectNow();
  socket().onclose!({ code: 1006 });
  expect(told).toEqual(['refused']);
});

test('gives up on a socket that is never welcomed', () => {
  connection.connectNow();
  clock.pass(9_500);
  expect(sockets.length).toBeGreaterThan(1);
  expect(sockets[0]!.closed).toBe(true);
});

test('says that a node is silent after 4 s without an answer, and takes it back', () => {
  live(1_000);
  connection.send({ type: 'join' });
  clock.pass(3_500);
  expect(states.at(-1).quiet).toBe(false);
  clock.pass(2_000);
  expect(states.at(-1)).toMatchObject({ name: 'live', quiet: true });
  socket().says({ type: 'joined' });
  expect(states.at(-1)).toMatchObject({ name: 'live', quiet: false });
});

test('leaves a node that owes an answer for longer than a send may take', () => {
  live(6_000);
  connection.send({ type: 'join' });
  clock.pass(19_000);
  expect(sockets).toHaveLength(2);
  sockets[0]!.says({ type: 'message' });
  expect(frames.filter(({ type }) => type === 'message')).toHaveLength(6);
});

test('asks for a sign of life when nothing came for 20 s', () => {
  live();
  clock.pass(19_000);
  expect(told).toEqual([]);
  clock.pass(3_000);
  expect(told[0]).toBe('idle');
});

test('connects now when asked while it waits, or while its node is silent', () => {
  live(1_000);
  socket().onclose!({ code: 1006 });
  clock.pass(0);
  socket().onclose!({ code: 1006 });
  expect(states.at(-1).name).toBe('waiting');
  connection.connectNow();
  expect(states.at(-1).name).toBe('connecting');
  socket().says(welcome);
  connection.connectNow();
  expect(states.at(-1).name).toBe('live');
  connection.send({ type: 'join' });
  clock.pass(6_000);
  connection.connectNow();
  expect(states.at(-1).name).toBe('connecting');
});
