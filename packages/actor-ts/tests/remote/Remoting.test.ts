import { once } from 'node:events';
import { createServer } from 'node:net';
import fc from 'fast-check';
import { pack } from 'msgpackr';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Actor } from '../../src/actor/Actor.ts';
import type { ActorRef } from '../../src/actor/ActorRef.ts';
import { Address } from '../../src/actor/Address.ts';
import { DeadLetter } from '../../src/actor/messages.ts';
import { Props } from '../../src/actor/Props.ts';
import { AskTimeoutError, DecodeError, OptionsError } from '../../src/errors.ts';
import {
  encodeTarget,
  MESSAGE_FRAME,
  NO_SENDER,
  SENDER_ELSEWHERE,
  SYSTEM_FRAME,
} from '../../src/remote/envelope.ts';
import { RemoteActorRef } from '../../src/remote/RemoteActorRef.ts';
import { Remoting } from '../../src/remote/Remoting.ts';
import type { TcpTransport } from '../../src/remote/TcpTransport.ts';
import { TestProbe } from '../../src/testkit/TestProbe.ts';
import { until } from '../../src/testkit/until.ts';
import { type Node, Nodes } from './nodes.ts';

class Echo extends Actor {
  onReceive(message: { replyTo?: ActorRef; fail?: boolean; n?: number }): void {
    if (message.fail) message.replyTo?.tell(new RangeError('too much'));
    else if (message.replyTo) message.replyTo.tell({ echo: message.n });
    else this.sender.forEach((sender) => sender.tell(message, this.self));
  }
}

function deadLettersOf(node: Node): DeadLetter[] {
  const letters: DeadLetter[] = [];
  node.system.eventStream.subscribe((letter) => letters.push(letter), DeadLetter);
  return letters;
}

describe.each(['tcp', 'memory'] as const)('Remoting over %s', (kind) => {
  let nodes: Nodes;
  let a: Node;
  let b: Node;

  beforeEach(async () => {
    nodes = new Nodes(kind);
    [a, b] = await Promise.all([nodes.start(), nodes.start()]);
  });

  afterEach(() => nodes.stopAll());

  test('delivers messages in the order sent', async () => {
    const probe = b.probe('inbox');
    const inbox = b.seenFrom(a, '/user/inbox');
    const sent = Array.from({ length: 500 }, (_, n) => ({ n }));
    for (const message of sent) inbox.tell(message);
    expect(await probe.receiveN(500)).toEqual(sent);
  });

  test('preserves the sender, so that a reply finds its way back', async () => {
    const probe = a.probe();
    b.system.spawn(
      Props.create(() => new Echo()),
      'echo',
    );
    b.seenFrom(a, '/user/echo').tell({ n: 1 }, probe.ref);
    await probe.expectMessage({ n: 1 });
    expect(probe.lastSender).toBeInstanceOf(RemoteActorRef);
    expect(probe.lastSender?.path.address?.toString()).toBe(b.remoting.selfAddress.toString());
  });

  test('answers an ask, many at a time', async () => {
    b.system.spawn(
      Props.create(() => new Echo()),
      'echo',
    );
    const echo = b.seenFrom(a, '/user/echo');
    const replies = await Promise.all(Array.from({ length: 200 }, (_, n) => echo.ask({ n })));
    expect(replies).toEqual(Array.from({ length: 200 }, (_, n) => ({ echo: n })));
  });

  test('an Error as the reply to an ask rejects it', async () => {
    b.system.spawn(
      Props.create(() => new Echo()),
      'echo',
    );
    const asked = b.seenFrom(a, '/user/echo').ask({ fail: true });
    await expect(asked).rejects.toThrow(RangeError);
  });

  test('an ask of nobody times out, and its message is a dead letter over there', async () => {
    const letters = deadLettersOf(b);
    const asked = b.seenFrom(a, '/user/nobody').ask({ n: 1 }, 300);
    await expect(asked).rejects.toThrow(AskTimeoutError);
    expect(letters.map(({ message }) => (message as { n: number }).n)).toEqual([1]);
  });

  test('refs travel: to the own node, to the peer, to a third node', async () => {
    const c = await nodes.start();
    const [atA, atB, atC] = [a.probe('a'), b.probe('b'), c.probe('c')];
    const refs = [atA.ref, b.seenFrom(a, '/user/b'), c.seenFrom(a, '/user/c')];
    b.seenFrom(a, '/user/b').tell({ refs });
    const received = (await atB.receiveOne<{ refs: ActorRef[] }>()).refs;
    // The one that lives on b is the very local ref there.
    expect(received[1]).toBe(atB.ref);
    for (const ref of received) ref.tell('hello from b');
    await atA.expectMessage('hello from b');
    await atB.expectMessage('hello from b');
    await atC.expectMessage('hello from b');
  });

  test('a ref that comes home is the local ref', async () => {
    const atA = a.probe();
    b.system.spawn(
      Props.create(() => new Echo()),
      'echo',
    );
    b.seenFrom(a, '/user/echo').tell({ ref: atA.ref, map: new Map([['x', atA.ref]]) }, atA.ref);
    const { ref, map } = await atA.receiveOne<{ ref: ActorRef; map: Map<string, ActorRef> }>();
    expect(ref).toBe(atA.ref);
    expect(map.get('x')).toBe(atA.ref);
  });

  test('a ref of an actor that has been replaced leads to dead letters', async () => {
    const letters = deadLettersOf(b);
    const first = b.probe('twin');
    const atA = a.probe();
    a.seenFrom(b, atA.ref.path.path).tell({ ref: first.ref });
    const { ref } = await atA.receiveOne<{ ref: ActorRef }>();
    first.ref.stop();
    const second = await until(() => new TestProbe(b.system, 'twin'));
    ref.tell('for the first');
    await until(() => letters.some(({ message }) => message === 'for the first'));
    await second.expectNoMessage(20);
  });

  test('one message to many refs of a peer is delivered to each, encoded once', async () => {
    const probes = Array.from({ length: 50 }, (_, i) => b.probe(`p${i}`));
    let encoded = 0;
    const message = {
      get text() {
        encoded++;
        return 'to all';
      },
    };
    for (let i = 0; i < 50; i++) b.seenFrom(a, `/user/p${i}`).tell(message);
    for (const probe of probes) await probe.expectMessage({ text: 'to all' });
    // Looked at while it is prepared and while it is packed, both once.
    expect(encoded).toBeLessThanOrEqual(2);
  });

  test('two messages alternating between refs keep the order of each', async () => {
    const [p, q] = [b.probe('p'), b.probe('q')];
    const [toP, toQ] = [b.seenFrom(a, '/user/p'), b.seenFrom(a, '/user/q')];
    const x = { x: 1 };
    for (let i = 0; i < 3; i++) {
      toP.tell(x);
      toQ.tell(x);
      toP.tell({ i });
    }
    expect(await p.receiveN(6)).toEqual([x, { i: 0 }, x, { i: 1 }, x, { i: 2 }]);
    expect(await q.receiveN(3)).toEqual([x, x, x]);
  });

  test('a watcher gets Terminated when a remote actor stops, after what that actor had sent', async () => {
    class Farewell extends Actor {
      onReceive(to: { to: ActorRef }): void {
        to.to.tell('farewell', this.self);
        this.context.stopSelf();
      }
    }
    b.system.spawn(
      Props.create(() => new Farewell()),
      'farewell',
    );
    const probe = a.probe();
    const farewell = b.seenFrom(a, '/user/farewell');
    probe.watch(farewell);
    farewell.tell({ to: probe.ref });
    await probe.expectMessage('farewell');
    const terminated = await probe.expectTerminated(farewell);
    expect(terminated.addressTerminated).toBe(false);
  });

  test('watching a remote actor that does not exist ends at once', async () => {
    const probe = a.probe();
    const nobody = b.seenFrom(a, '/user/nobody');
    probe.watch(nobody);
    await probe.expectTerminated(nobody);
  });

  test('removing a node ends the watches of its actors', async () => {
    b.probe('watched');
    const probe = a.probe();
    const watched = b.seenFrom(a, '/user/watched');
    probe.watch(watched);
    const inbox = b.probe('inbox');
    b.seenFrom(a, '/user/inbox').tell('after the watch');
    await inbox.expectMessage('after the watch');
    a.remoting.nodeRemoved(b.remoting.self);
    const terminated = await probe.expectTerminated(watched);
    expect(terminated.addressTerminated).toBe(true);
  });

  test('a removed incarnation is told so, and neither heard nor written to', async () => {
    const [atA, atB] = [a.probe('a'), b.probe('b')];
    b.seenFrom(a, '/user/b').tell('before');
    await atB.expectMessage('before');
    const told: string[] = [];
    b.remoting.onRejected((peer, reason, by) => told.push(`${peer} ${reason} ${by}`));
    const letters = deadLettersOf(a);
    a.remoting.nodeRemoved(b.remoting.self);
    await until(() => told.includes(`${a.remoting.selfAddress} quarantined them`));
    b.seenFrom(a, '/user/b').tell('into the void');
    await until(() => letters.some(({ message }) => message === 'into the void'));
    a.seenFrom(b, '/user/a').tell('from beyond');
    await atA.expectNoMessage(50);
    await atB.expectNoMessage(20);
  });

  test('a removed node that renews itself is heard again', async () => {
    const [atA, atB] = [a.probe('a'), b.probe('b')];
    b.seenFrom(a, '/user/b').tell('before');
    await atB.expectMessage('before');
    const before = b.remoting.self;
    const met: string[] = [];
    a.remoting.onConnected(({ uid }) => met.push(uid));
    b.remoting.onRejected((_peer, reason, by) => {
      if (reason === 'quarantined' && by === 'them') b.remoting.renew();
    });
    a.remoting.nodeRemoved(before);
    await until(() => b.remoting.self.uid !== before.uid);
    await until(() => {
      a.seenFrom(b, '/user/a').tell('as a new one');
      return met.includes(b.remoting.self.uid);
    });
    expect(await atA.receiveOne()).toBe('as a new one');
    b.seenFrom(a, '/user/b').tell('welcome');
    await atB.expectMessage('welcome');
  });

  test('connected tells both sides who the other is', async () => {
    const [metByA, metByB]: [string[], string[]] = [[], []];
    a.remoting.onConnected(({ uid }) => metByA.push(uid));
    b.remoting.onConnected(({ uid }) => metByB.push(uid));
    b.seenFrom(a, '/user/x').tell('hello');
    await until(() => metByA.includes(b.remoting.self.uid));
    await until(() => metByB.includes(a.remoting.self.uid));
  });

  test('a node that ends is noticed by evidence: its port refuses', async () => {
    const lost: string[] = [];
    const inbox = b.probe('inbox');
    b.seenFrom(a, '/user/inbox').tell('hello');
    await inbox.expectMessage('hello');
    a.remoting.onLost((peer, evidence) => lost.push(`${peer} ${evidence}`));
    await b.system.terminate();
    await until(() => lost.includes(`${b.remoting.selfAddress} refused`));
  });

  test('a message that cannot travel is a dead letter with a reason', async () => {
    const letters = deadLettersOf(a);
    const message = { callback: () => 1 };
    b.seenFrom(a, '/user/x').tell(message);
    expect(letters.map((letter) => letter.message)).toEqual([message]);
    expect(a.remoting.lostMessages).toBe(1);
    await a.remoting.shutdown();
    expect(nodes.lines.some((line) => line.message.includes('a function cannot travel'))).toBe(
      true,
    );
  });

  test('a message larger than a frame is a dead letter, and the next one arrives', async () => {
    const letters = deadLettersOf(a);
    const inbox = b.probe('inbox');
    const to = b.seenFrom(a, '/user/inbox');
    to.tell({ blob: new Uint8Array(1024 * 1024) });
    to.tell('small');
    await inbox.expectMessage('small');
    expect(letters).toHaveLength(1);
  });

  test('what is sent after the end is a dead letter', async () => {
    const letters = deadLettersOf(a);
    await a.remoting.shutdown();
    b.seenFrom(a, '/user/inbox').tell('too late');
    await until(() => letters.length === 1);
  });

  test('stop and kill reach a remote actor', async () => {
    const probe = a.probe();
    b.probe('first');
    const first = b.seenFrom(a, '/user/first');
    probe.watch(first);
    first.stop();
    await probe.expectTerminated(first);
  });

  test('a ref to a place of the own node finds whoever comes there', async () => {
    const ref = a.remoting.refFor(a.remoting.selfAddress, '/user/later');
    const later = a.probe('later');
    ref.tell('found');
    await later.expectMessage('found');
    expect(a.remoting.refFor(a.remoting.selfAddress, '/user/later')).toBe(later.ref);
  });
});

describe('Remoting over TCP', () => {
  let nodes: Nodes;
  let a: Node;
  let b: Node;

  beforeEach(async () => {
    nodes = new Nodes('tcp');
    [a, b] = await Promise.all([nodes.start(), nodes.start()]);
  });

  afterEach(() => nodes.stopAll());

  /** A proxy-free way to cut the connections between the two while both live. */
  function cut(): void {
    for (const [here, there] of [
      [a, b],
      [b, a],
    ] as const) {
      const { transport } = here.remoting as unknown as { transport: TcpTransport };
      transport.disconnect(there.remoting.selfAddress, 'the test cut the cable');
    }
  }

  test('a death that falls into a gap between connections is told when there is a new one', async () => {
    const probe = a.probe();
    const victim = b.probe('victim');
    const seen = b.seenFrom(a, '/user/victim');
    probe.watch(seen);
    seen.tell('are you there');
    await victim.expectMessage('are you there');
    cut();
    victim.ref.stop();
    await probe.expectTerminated(seen);
  });

  test('a watch outlives a broken connection', async () => {
    const probe = a.probe();
    const victim = b.probe('victim');
    const seen = b.seenFrom(a, '/user/victim');
    probe.watch(seen);
    seen.tell('one');
    await victim.expectMessage('one');
    const met: string[] = [];
    a.remoting.onConnected(({ uid }) => met.push(uid));
    cut();
    seen.tell('two');
    await until(() => met.length > 0);
    await probe.expectNoMessage(50);
    victim.ref.stop();
    await probe.expectTerminated(seen);
  });

  test('an actor of a restarted process is reported dead, though its path is taken again', async () => {
    const probe = a.probe();
    const first = b.probe('service');
    const seen = b.seenFrom(a, '/user/service');
    probe.watch(seen);
    seen.tell('hello');
    await first.expectMessage('hello');
    const { address } = b.remoting.self;
    const lost: string[] = [];
    a.remoting.onLost((_peer, evidence) => lost.push(evidence));
    await b.system.terminate();
    // What is sent before that is meant for the process that has ended.
    await until(() => lost.includes('refused'));
    const again = await nodes.start({ port: address.port });
    const next = again.probe('service');
    seen.tell('hello again');
    await next.expectMessage('hello again');
    await probe.expectTerminated(seen);
    probe.watch(seen);
    next.ref.stop();
    await probe.expectTerminated(seen);
  });

  test('what does not fit into the send queue becomes dead letters, and they are counted', async () => {
    const letters = deadLettersOf(a);
    const silent = createServer(() => {});
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const ref = a.remoting.refFor(new Address('test', '127.0.0.1', port), '/user/x');
    for (let n = 0; n < 40; n++) ref.tell({ n, blob: new Uint8Array(1_000_000) });
    await until(() => letters.length > 0);
    expect(a.remoting.lostMessages).toBe(letters.length);
    expect(letters.length).toBeGreaterThan(20);
    silent.close();
  });

  test('any bytes in a frame are handled or refused by name', async () => {
    const probe = b.probe('inbox');
    const from = { address: a.remoting.selfAddress, uid: 'somebody' };
    let frame = Buffer.alloc(0);
    const { transport } = a.remoting as unknown as { transport: TcpTransport };
    const send = transport.send.bind(transport);
    transport.send = (peer, bytes, lane) => {
      frame = Buffer.from(bytes);
      return send(peer, bytes, lane);
    };
    b.seenFrom(a, '/user/inbox').tell({ replyTo: probe.ref, list: [1, 'two'] }, a.probe().ref);
    await probe.receiveOne();
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 });
    fc.assert(
      fc.property(damage, fc.nat(), (changes, length) => {
        const bytes = Buffer.from(frame.subarray(0, length % (frame.length + 1)));
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        // Others stand before and behind it in the chunk that the network brings.
        const chunk = Buffer.concat([frame, bytes, frame]);
        try {
          b.remoting.frame(from, chunk, frame.length, frame.length + bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('nothing that follows a frame is taken for a part of it', () => {
    const from = { address: a.remoting.selfAddress, uid: 'somebody' };
    const nil = Buffer.from([MESSAGE_FRAME, 0, 0, 0, 1, 0xc0, NO_SENDER]);
    const frame = Buffer.concat([nil, encodeTarget('/user/inbox', 0)]);
    for (let end = 0; end < frame.length; end++) {
      expect(() => b.remoting.frame(from, frame, 0, end)).toThrow(DecodeError);
    }
    const body = Buffer.concat([Buffer.of(SYSTEM_FRAME), pack([3, '/user/inbox', 0, '', 0])]);
    for (let end = 0; end < body.length; end++) {
      expect(() => b.remoting.frame(from, body, 0, end)).toThrow(DecodeError);
    }
  });

  test('a sender at an address that is none is a DecodeError', () => {
    const from = { address: a.remoting.selfAddress, uid: 'somebody' };
    const path = encodeTarget('/user/x', 0);
    const sender = Buffer.concat([Buffer.of(SENDER_ELSEWHERE), path, Buffer.from('\0\u0003x:y')]);
    const nil = Buffer.from([MESSAGE_FRAME, 0, 0, 0, 1, 0xc0]);
    const frame = Buffer.concat([nil, sender, encodeTarget('/user/inbox', 0)]);
    expect(() => b.remoting.frame(from, frame, 0, frame.length)).toThrow(DecodeError);
  });
});

describe('Remoting options', () => {
  test('a bad value is refused at once, by name', async () => {
    const nodes = new Nodes('memory');
    const { system } = await nodes.start();
    const start = Remoting.start(system, { host: '127.0.0.1', port: 70_000 });
    await expect(start).rejects.toThrow(OptionsError);
    await nodes.stopAll();
  });
});
