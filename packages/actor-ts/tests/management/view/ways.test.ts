import { beforeEach, expect, test } from 'vitest';
import { page } from './page.ts';

const { Ways, legsOf, sentenceOf, stationsOf, titleOf } = await page('ways.js');

const [n1, n2, n3] = ['chat@h:1', 'chat@h:2', 'chat@h:3'] as const;
const label = (node: string) => node.replace('chat@h:', 'node');
let at = 0;
const hop = (name: string, node: string, details: object, id = 'm') => {
  return { at: at++, node, hop: name, id, details };
};
const session = (node: string, user: string) => {
  return hop('deliver', node, {
    topic: 'room.lobby',
    actor: `actor-ts://${node}/system/sharding-session/${user}`,
  });
};
const wayOfAnn = () => [
  hop('region-route', n1, { type: 'session', entity: 'ann', shard: 1 }),
  hop('entity-receive', n2, { type: 'session', entity: 'ann' }),
  hop('region-route', n2, { type: 'room', entity: 'lobby', shard: 7 }),
  hop('entity-receive', n3, { type: 'room', entity: 'lobby' }),
  hop('persist', n3, { persistenceId: 'room-lobby', sequenceNr: 5 }),
  hop('publish', n3, { topic: 'room.lobby', nodes: 1 }),
  session(n2, 'ann'),
  session(n2, 'bob'),
  hop('socket', n1, { user: 'ann' }),
  hop('socket', n3, { user: 'bob' }),
];
const ways = (...hops: object[]) => {
  const made = new Ways();
  for (const one of hops) made.add(one);
  return made;
};
const onlyOf = (made: any) => made.of(null)[0];

beforeEach(() => {
  at = 1000;
});

test('a way has its stations in order, with the nodes and names', () => {
  const stations = stationsOf(onlyOf(ways(...wayOfAnn())));
  expect(stations.map(({ title, spots }: any) => [title, spots])).toEqual([
    ['client', [{ node: n1, names: [] }]],
    ['session', [{ node: n2, names: ['ann'] }]],
    ['room', [{ node: n3, names: ['lobby'] }]],
    ['journal', [{ node: n3, names: ['no. 5'] }]],
    ['publish', [{ node: n3, names: ['room.lobby'] }]],
    ['sessions', [{ node: n2, names: ['ann', 'bob'] }]],
    [
      'sockets',
      [
        { node: n1, names: ['ann'] },
        { node: n3, names: ['bob'] },
      ],
    ],
  ]);
  expect(stations.map(({ ms }: any) => ms)).toEqual([0, 1, 3, 4, 5, 6, 8]);
  expect(titleOf(stations)).toBe('ann → lobby');
  expect(sentenceOf(stations, label)).toBe(
    'in at node1 → session ann on node2 → room lobby on node3 → journal, no. 5 on node3 → ' +
      'published on node3 → sessions ann, bob on node2 → sockets ann on node1; bob on node3',
  );
});

test('a way is the same in whatever order its hops arrive', () => {
  const hops = wayOfAnn();
  const shuffled = [...hops.slice(5), ...hops.slice(0, 5)];
  expect(stationsOf(onlyOf(ways(...shuffled)))).toEqual(stationsOf(onlyOf(ways(...hops))));
});

test('a message comes in where its client is, whichever node tells of it first', () => {
  const room = { type: 'room', entity: 'lobby', node: `${n1}#uid` };
  const atClient = [
    hop('region-route', n2, { type: 'session', entity: 'ann', node: `${n2}#uid` }),
    hop('entity-receive', n2, { type: 'session', entity: 'ann' }),
    hop('region-route', n2, room),
  ];
  const atRoom = [
    hop('region-route', n1, room),
    hop('entity-receive', n1, { type: 'room', entity: 'lobby' }),
  ];
  const wayOf = (hops: object[]) => sentenceOf(stationsOf(onlyOf(ways(...hops))), label);
  const way = 'in at node2 → session ann on node2 → room lobby on node1';
  expect(wayOf([...atClient, ...atRoom])).toBe(way);
  expect(wayOf([...atRoom, ...atClient])).toBe(way);
});

test('the clock of a node that is behind does not change the order of the stations', () => {
  const hops = wayOfAnn().map((one) => (one.node === n3 ? { ...one, at: one.at - 500 } : one));
  const titles = stationsOf(onlyOf(ways(...hops))).map(({ title }: any) => title);
  expect(titles.slice(3)).toEqual(['journal', 'publish', 'sessions', 'sockets']);
  expect(titles[0]).toBe('client');
});

test('where all happens in one millisecond, it still begins where the message came in', () => {
  const hops = wayOfAnn().map((one) => ({ ...one, at: 1000 }));
  const of = (node: string) => hops.filter((one) => one.node === node);
  for (const arrived of [
    [...of(n3), ...of(n2), ...of(n1)],
    [...of(n2), ...of(n1), ...of(n3)],
  ]) {
    const stations = stationsOf(onlyOf(ways(...arrived)));
    const places = stations.slice(0, 3).map(({ title, spots }: any) => [title, spots[0].node]);
    expect(places).toEqual([
      ['client', n1],
      ['session', n2],
      ['room', n3],
    ]);
  }
});

test('a node that only passes a message on is not where it came in', () => {
  const [route, ...rest] = wayOfAnn();
  const passedOn = { ...route!, node: n3, details: { ...route!.details, node: `${n2}#u` } };
  const origin = { ...route!, details: { ...route!.details, node: `${n3}#u` } };
  const [client] = stationsOf(onlyOf(ways(passedOn, ...rest, origin)));
  expect(client.spots).toEqual([{ node: n1, names: [] }]);
});

test('legs go from node to node, and names go on from their own place', () => {
  const stations = stationsOf(onlyOf(ways(...wayOfAnn())));
  const legs = stations.map((_: unknown, index: number) => legsOf(stations, index));
  expect(legs).toEqual([
    { legs: [], stays: [] },
    { legs: [{ from: n1, to: n2 }], stays: [] },
    { legs: [{ from: n2, to: n3 }], stays: [] },
    { legs: [], stays: [n3] },
    { legs: [], stays: [n3] },
    { legs: [{ from: n3, to: n2 }], stays: [] },
    {
      legs: [
        { from: n2, to: n1 },
        { from: n2, to: n3 },
      ],
      stays: [],
    },
  ]);
});

test('an entity that was tried on two nodes has two stations', () => {
  const [route, first, ...rest] = wayOfAnn();
  const again = { ...first!, node: n3, at: first!.at + 0.5 };
  const stations = stationsOf(onlyOf(ways(route!, first!, again, ...rest)));
  const sessions = stations.filter(({ title }: any) => title === 'session');
  expect(sessions.map(({ spots }: any) => spots[0].node)).toEqual([n2, n3]);
});

test('a step without journal, topics and sockets has a way, too', () => {
  const stations = stationsOf(onlyOf(ways(...wayOfAnn().slice(0, 4))));
  expect(sentenceOf(stations, label)).toBe(
    'in at node1 → session ann on node2 → room lobby on node3',
  );
});

test('subscribers that are no entities are called by their actor', () => {
  const actor = 'actor-ts://chat@h:1/user/listener';
  const stations = stationsOf(onlyOf(ways(hop('deliver', n1, { topic: 't', actor }))));
  expect(sentenceOf(stations, label)).toBe('subscribers listener on node1');
});

test('messages are found by an entity that they pass, the last one last', () => {
  const other = hop('entity-receive', n1, { type: 'room', entity: 'den' }, 'other');
  const made = ways(...wayOfAnn(), other);
  const idsOf = (wanted: unknown) => made.of(wanted).map(({ id }: any) => id);
  expect(idsOf(null)).toEqual(['m', 'other']);
  expect(idsOf({ type: 'room', entity: 'lobby' })).toEqual(['m']);
  expect(idsOf({ type: 'session', entity: 'bob' })).toEqual(['m']);
  expect(idsOf({ type: 'room', entity: 'bob' })).toEqual([]);
});

test('an old message that is only pushed again is no way', () => {
  expect(ways(hop('socket', n1, { user: 'ann' })).of(null)).toEqual([]);
});

test('what is kept has a bound', () => {
  const made = new Ways();
  for (let i = 0; i < 500; i++)
    made.add(hop('entity-receive', n1, { type: 't', entity: 'e' }, `m${i}`));
  expect(made.of(null)).toHaveLength(50);
  for (let i = 0; i < 5000; i++) made.add(hop('socket', n1, { user: `u${i}` }, 'm499'));
  expect(made.of(null).at(-1).hops).toHaveLength(300);
});
