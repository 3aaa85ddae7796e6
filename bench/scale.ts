// What lies past this machine: membership and sharding of up to 100 nodes in virtual time, the costs of
// people and messages as three nodes count them, and what follows for clusters of 3, 10 and 100 nodes.
import { parseArgs } from 'node:util';
import { table, writeSection, writtenBy } from '../docs/figures.ts';
import { chosen, optionsOf } from './commandLine.ts';
import { type Costs, measureCosts } from './scale/costs.ts';
import { membershipOf } from './scale/membership.ts';
import { capacityOf } from './scale/model.ts';
import { ShardingModel } from './scale/sharding.ts';

const NODES = [3, 10, 30, 100];
const SHARDS = [
  [3, 64],
  [10, 1000],
  [100, 1000],
  [10, 10_000],
  [100, 10_000],
] as const;

const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
const us = (seconds: number) => `${(seconds * 1e6).toFixed(0)} µs`;
const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
const number = (value: number) => Math.round(value).toLocaleString('en-US');

function membership(): string {
  const rows = NODES.map((nodes) => {
    const { formedMs, messages, bytes, busyMs, stateBytes, removedMs } = membershipOf(nodes);
    const perSecond = [Math.round(messages), kib(bytes), ms(busyMs)];
    return [nodes, ms(formedMs), ...perSecond, kib(stateBytes), ms(removedMs)];
  });
  const head = [
    'nodes',
    'one cluster after',
    'messages',
    'bytes',
    'computing',
    'state',
    'removed after',
  ];
  return table(head, rows);
}

function sharding(): string {
  const rows = SHARDS.map(([nodes, shards]) => {
    const model = new ShardingModel(nodes, shards);
    const first = model.allocateAll();
    const killed = model.killOne();
    const joined = model.joinOne();
    const rest = model.rest();
    return [
      nodes,
      number(shards),
      `${ms(first.busyMs)} / ${ms(first.longestMs)}`,
      `${ms(killed.busyMs)} / ${ms(killed.longestMs)}`,
      `${ms(joined.busyMs)} / ${ms(joined.longestMs)}`,
      `${ms(rest.busyMs)}`,
      kib(model.mapBytes),
    ];
  });
  const head = [
    'nodes',
    'shards',
    'first messages',
    'a node killed',
    'a node joins',
    '10 s of rest',
  ];
  return table([...head, 'the map'], rows);
}

function costs(measured: Costs): string {
  const { bytesPerPerson, bytesPerNode, perNodeSecond } = measured;
  const { perPersonSecond, perMessage, perDelivery } = measured;
  return table(
    ['what', 'memory', 'processor time'],
    [
      ['a node that nobody uses', kib(bytesPerNode), `${us(perNodeSecond)} a second`],
      ['somebody connected, in one room', kib(bytesPerPerson), `${us(perPersonSecond)} a second`],
      ['a message, to the journal and its ack', '', us(perMessage)],
      ['each socket that it comes to', '', us(perDelivery)],
    ],
  );
}

function capacity(measured: Costs): string {
  const rows = [3, 10, 100].flatMap((nodes) =>
    [20, 200].map((roomSize) => {
      const { people, messages, deliveries, memory, limit } = capacityOf(measured, nodes, roomSize);
      const perSecond = [number(messages), number(deliveries)];
      return [
        nodes,
        roomSize,
        number(people),
        ...perSecond,
        `${number(memory / 2 ** 20)} MiB`,
        limit,
      ];
    }),
  );
  const head = ['nodes', 'people in a room', 'people', 'messages a second', 'deliveries a second'];
  return table([...head, 'memory of a node', 'limit'], rows);
}

/** What can be asked for, and the sections of docs/scale.md that come of it. */
const PARTS: Readonly<Record<string, () => Promise<Record<string, string>>>> = {
  membership: async () => ({ membership: membership() }),
  sharding: async () => ({ sharding: sharding() }),
  costs: async () => {
    const measured = await measureCosts();
    return { costs: costs(measured), capacity: capacity(measured) };
  },
};

const USAGE = `npm run scale                    prints all of it, a few minutes
npm run scale -- costs           a part: ${Object.keys(PARTS).join(', ')}
npm run scale -- --report        writes docs/scale.md`;

const { values, parts } = optionsOf(USAGE, () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { report: { type: 'boolean', default: false } },
  });
  return { values, parts: chosen(Object.keys(PARTS), positionals) };
});
const command = ['npm run scale --', ...process.argv.slice(2)].join(' ');
for (const [part, sections] of Object.entries(PARTS)) {
  if (!parts.includes(part)) continue;
  for (const [name, text] of Object.entries(await sections())) {
    console.log(`${text}\n`);
    if (values.report) await writeSection('scale.md', name, `${writtenBy(command)}\n\n${text}`);
  }
}
