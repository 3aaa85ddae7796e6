import { describe, expect, test } from 'vitest';
import { Address, type UniqueAddress } from '../../src/actor/Address.ts';
import {
  ClientHandshake,
  type Handshake,
  type HandshakeSettings,
  type HandshakeStep,
  PROTOCOL_VERSION,
  ServerHandshake,
} from '../../src/remote/Handshake.ts';

const CLIENT: UniqueAddress = { address: new Address('chat', 'one', 1), uid: 'c1' };
const SERVER: UniqueAddress = { address: new Address('chat', 'two', 2), uid: 's1' };

function settings(
  self: UniqueAddress,
  secret?: string,
  removed: readonly string[] = [],
): HandshakeSettings {
  return { self, secret, quarantined: ({ uid }) => removed.includes(uid) };
}

interface Outcome {
  readonly client: HandshakeStep;
  readonly server: HandshakeStep;
  /** What the client said, then what the server said, in turns. */
  readonly said: Uint8Array[];
}

/** Lets the two talk until neither has anything to say. */
function talk(client: ClientHandshake, server: Handshake): Outcome {
  let clientStep: HandshakeStep = { reply: client.start() };
  let serverStep: HandshakeStep = {};
  const said: Uint8Array[] = [];
  for (;;) {
    if (clientStep.reply === undefined) break;
    said.push(clientStep.reply);
    serverStep = server.receive(clientStep.reply);
    if (serverStep.reply === undefined) break;
    said.push(serverStep.reply);
    clientStep = client.receive(serverStep.reply);
  }
  return { client: clientStep, server: serverStep, said };
}

function between(
  client: HandshakeSettings,
  server: HandshakeSettings,
  target = server.self.address,
): Outcome {
  return talk(new ClientHandshake(client, target), new ServerHandshake(server));
}

function decoded(frame: Uint8Array): any {
  return JSON.parse(Buffer.from(frame).toString());
}

function encoded(frame: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(frame));
}

describe('Handshake', () => {
  test.each([undefined, 'a shared secret'])('with secret %s, both learn who is there', (secret) => {
    const { client, server } = between(settings(CLIENT, secret), settings(SERVER, secret));
    expect(client.peer).toEqual(SERVER);
    expect(server.peer).toEqual(CLIENT);
  });

  test('the secret never travels', () => {
    const { said } = between(settings(CLIENT, 'hush-hush'), settings(SERVER, 'hush-hush'));
    const all = Buffer.concat(said).toString();
    expect(all).not.toContain('hush-hush');
    expect(all).not.toContain(Buffer.from('hush-hush').toString('base64'));
  });

  test.each([
    ['another secret', 'right', 'wrong'],
    ['a secret towards none', 'right', undefined],
    ['no secret towards one', undefined, 'right'],
  ])('%s is refused', (_what, mine, theirs) => {
    const { client, server } = between(settings(CLIENT, mine), settings(SERVER, theirs));
    expect(client.peer).toBeUndefined();
    expect(server.peer).toBeUndefined();
    expect([client.error?.reason, server.error?.reason]).toContain('bad-secret');
  });

  test('another system is refused', () => {
    const stranger = { address: new Address('other', 'one', 1), uid: 'x' };
    const { client, server } = between(settings(stranger), settings(SERVER));
    expect(server.error?.reason).toBe('wrong-system');
    expect(client.error?.reason).toBe('wrong-system');
    expect(client.by).toBe('them');
  });

  test('another version is refused before anything else is looked at', () => {
    const server = new ServerHandshake(settings(SERVER));
    const step = server.receive(encoded({ type: 'hello', protocol: 'actor-ts', version: 99 }));
    expect(step.error?.reason).toBe('wrong-version');
    expect(decoded(step.reply!).reason).toBe('wrong-version');
  });

  test.each([
    ['protocol', { protocol: { toString: 1, valueOf: 1 } }],
    ['version', { version: { toString: null } }],
    ['version', { version: [[{ toString: null }]] }],
  ])('a %s that cannot become text is refused as another version', (_field, odd) => {
    const hello = { type: 'hello', protocol: 'actor-ts', version: PROTOCOL_VERSION, ...odd };
    const client = new ClientHandshake(settings(CLIENT), SERVER.address);
    client.start();
    for (const side of [new ServerHandshake(settings(SERVER)), client]) {
      expect(side.receive(encoded(hello)).error?.reason).toBe('wrong-version');
    }
  });

  test('a node that is known by another address is refused, with both addresses', () => {
    const alias = new Address('chat', 'localhost', 2);
    const { client } = between(settings(CLIENT), settings(SERVER), alias);
    expect(client.error?.reason).toBe('wrong-address');
    expect(client.error?.message).toContain('chat@localhost:2');
    expect(client.error?.message).toContain('chat@two:2');
  });

  test('a removed client learns it, by a verdict that is proven', () => {
    const { client, server } = between(settings(CLIENT, 's'), settings(SERVER, 's', ['c1']));
    expect(client.error?.reason).toBe('quarantined');
    expect(client.by).toBe('them');
    expect(server.error?.reason).toBe('quarantined');
    expect(server.by).toBe('us');
  });

  test('a removed server learns it too', () => {
    const { client, server } = between(settings(CLIENT, 's', ['s1']), settings(SERVER, 's'));
    expect(server.error?.reason).toBe('quarantined');
    expect(server.by).toBe('them');
    expect(client.error?.reason).toBe('quarantined');
    expect(client.by).toBe('us');
  });

  test('a removal that nobody proved is not believed', () => {
    const client = new ClientHandshake(settings(CLIENT, 's'), SERVER.address);
    client.start();
    const step = client.receive(
      encoded({ type: 'reject', reason: 'quarantined', detail: 'go away' }),
    );
    expect(step.error?.reason).toBe('malformed');
  });

  test('a recorded exchange does not let anybody in a second time', () => {
    const { said } = between(settings(CLIENT, 's'), settings(SERVER, 's'));
    const [hello, , verdict] = said;
    const server = new ServerHandshake(settings(SERVER, 's'));
    server.receive(hello!);
    const step = server.receive(verdict!);
    expect(step.peer).toBeUndefined();
    expect(step.error?.reason).toBe('bad-secret');
  });

  test('a recorded server does not convince a client', () => {
    const { said } = between(settings(CLIENT, 's'), settings(SERVER, 's'));
    const client = new ClientHandshake(settings(CLIENT, 's'), SERVER.address);
    client.start();
    client.receive(said[1]!);
    expect(client.receive(said[3]!).error?.reason).toBe('bad-secret');
  });

  test('a proof that is sent back to its maker proves nothing', () => {
    const client = new ClientHandshake(settings(CLIENT, 's'), SERVER.address);
    const hello = decoded(client.start());
    // The attacker has no secret: it repeats the client's own nonce and the client's own proof.
    const answer = { ...hello, address: SERVER.address.toString(), uid: 'evil', to: '' };
    const verdict = client.receive(encoded(answer)).reply!;
    expect(client.receive(verdict).error?.reason).toBe('bad-secret');
  });

  test('a proof made for one node does not open another', () => {
    const other: UniqueAddress = { address: new Address('chat', 'three', 3), uid: 's3' };
    const client = new ClientHandshake(settings(CLIENT, 's'), SERVER.address);
    const server = new ServerHandshake(settings(other, 's'));
    const hello = decoded(client.start());
    const otherHello = decoded(
      server.receive(encoded({ ...hello, to: other.address.toString() })).reply!,
    );
    // A relay in between passes the other node's nonce on under the name that the client dialled.
    const relayed = { ...otherHello, address: SERVER.address.toString() };
    const verdict = client.receive(encoded(relayed)).reply!;
    expect(server.receive(verdict).error?.reason).toBe('bad-secret');
  });

  test.each([
    ['no JSON', Buffer.from('GET / HTTP/1.1')],
    ['nothing', new Uint8Array()],
    ['null', encoded(null)],
    ['an array', encoded([])],
    ['a type nobody knows', encoded({ type: 'hi' })],
    ['a verdict before the hello', encoded({ type: 'verdict', verdict: 'welcome', proof: '' })],
    [
      'a short nonce',
      encoded({
        type: 'hello',
        protocol: 'actor-ts',
        version: PROTOCOL_VERSION,
        address: 'chat@a:1',
        uid: 'x',
        nonce: 'AAAA',
        to: 'chat@two:2',
      }),
    ],
    [
      'an address that is none',
      encoded({
        type: 'hello',
        protocol: 'actor-ts',
        version: PROTOCOL_VERSION,
        address: 'nowhere',
        uid: 'x',
        nonce: Buffer.alloc(32).toString('base64'),
        to: 'chat@two:2',
      }),
    ],
  ])('%s is answered with a rejection', (_what, frame) => {
    const step = new ServerHandshake(settings(SERVER)).receive(frame);
    expect(step.error?.reason).toBe('malformed');
    expect(decoded(step.reply!).type).toBe('reject');
  });

  test('a second hello is refused', () => {
    const server = new ServerHandshake(settings(SERVER));
    const hello = new ClientHandshake(settings(CLIENT), SERVER.address).start();
    expect(server.receive(hello).error).toBeUndefined();
    expect(server.receive(hello).error?.reason).toBe('malformed');
  });
});
