import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Actor } from '../../src/actor/Actor.ts';
import type { ActorRef } from '../../src/actor/ActorRef.ts';
import { ActorSystem } from '../../src/actor/ActorSystem.ts';
import { Props } from '../../src/actor/Props.ts';
import type { Grant } from '../../src/sharding/messages.ts';
import {
  GetRememberedSets,
  RememberedChanges,
  RememberedSets,
  ReplicatedEntities,
} from '../../src/sharding/ReplicatedEntities.ts';
import { until } from '../../src/testkit/until.ts';

const grant = (seq: number): Grant => ({ epoch: { term: 1, node: 'n#1' }, seq });

let system: ActorSystem;
beforeEach(() => {
  system = ActorSystem.create('test', { logLevel: 'silent' });
});
afterEach(() => system.terminate());

/** A region that has nothing but a registry; `deaf` loses what it is told. */
class Region {
  readonly ref: ActorRef;
  readonly registry: ReplicatedEntities;
  readonly late: string[] = [];
  readonly others: ActorRef[] = [];
  deaf = false;

  constructor() {
    const region = this;
    class Body extends Actor {
      onReceive(message: unknown): void {
        if (region.deaf) return;
        const from = this.sender.toNullable()!;
        if (message instanceof RememberedChanges) region.registry.onChanges(message, from);
        else if (message instanceof RememberedSets) region.registry.onSets(message);
        else if (message instanceof GetRememberedSets) region.registry.onRequest(message, from);
      }
    }
    this.ref = system.spawnAnonymous(Props.create(() => new Body()));
    this.registry = new ReplicatedEntities({
      others: () => this.others,
      self: this.ref,
      startLate: (_, ids) => this.late.push(...ids),
    });
  }
}

function regions(count: number): Region[] {
  const all = Array.from({ length: count }, () => new Region());
  for (const one of all) one.others.push(...all.filter((o) => o !== one).map(({ ref }) => ref));
  return all;
}

/** What the region would start if it became the shard's home with this grant. */
async function opened(region: Region, seq: number): Promise<string[]> {
  return [...(await region.registry.open(3, grant(seq)))].sort();
}

describe('entities in the memory of all nodes', () => {
  test('have been told to the others when their start counts as recorded', async () => {
    const [a, b] = regions(2);
    await opened(a!, 1);
    const recorded = [a!.registry.add(3, 'x'), a!.registry.add(3, 'y')];
    expect(a!.registry.add(3, 'x')).toBeNull();
    expect(await b!.registry.shards()).toEqual([]);
    await Promise.all(recorded);
    await until(async () => (await b!.registry.shards()).length === 1);
    expect(await opened(b!, 2)).toEqual(['x', 'y']);
    expect(b!.registry.add(3, 'x')).toBeNull();
  });

  test('are known to the next home', async () => {
    const [a, b] = regions(2);
    await opened(a!, 1);
    for (const id of ['x', 'y', 'z']) a!.registry.add(3, id);
    a!.registry.remove(3, 'y');
    await a!.registry.close(3);
    await until(async () => (await b!.registry.shards()).length === 1);
    expect(await opened(b!, 2)).toEqual(['x', 'z']);
  });

  test('who missed a change asks for the whole', async () => {
    const [a, b] = regions(2);
    await opened(a!, 1);
    b!.deaf = true;
    a!.registry.add(3, 'x');
    await a!.registry.close(3);
    await until(() => true);
    expect(await opened(a!, 2)).toEqual(['x']);
    await until(() => true);
    b!.deaf = false;
    a!.registry.add(3, 'y');
    await until(async () => (await b!.registry.shards()).length === 1);
    expect(await opened(b!, 3)).toEqual(['x', 'y']);
  });

  test('a newcomer gets everything from anybody, in parts if it is much', async () => {
    const [a, b] = regions(2);
    await opened(a!, 1);
    const ids = Array.from({ length: 5000 }, (_, i) => `id-${String(i).padStart(4, '0')}`);
    for (const id of ids) a!.registry.add(3, id);
    await until(async () => (await b!.registry.shards()).length === 1);
    const [newcomer] = regions(1);
    newcomer!.registry.askForAll(b!.ref);
    await until(async () => (await newcomer!.registry.shards()).length === 1);
    await until(async () => (await opened(newcomer!, 2)).length === 5000);
    expect(await opened(newcomer!, 3)).toEqual(ids);
  });

  test('what a former home told too late is started all the same', async () => {
    const [a, b] = regions(2);
    await opened(a!, 1);
    await opened(b!, 2);
    a!.registry.add(3, 'x');
    await until(() => b!.late.includes('x'));
  });

  test('an older set does not replace a newer one', async () => {
    const [a] = regions(1);
    const set = (seq: number, version: number, ids: string[]) =>
      new RememberedSets([{ shard: 3, grant: grant(seq), version, ids, isMore: false }]);
    a!.registry.onSets(set(2, 5, ['new']));
    a!.registry.onSets(set(2, 4, ['old']));
    a!.registry.onSets(set(1, 9, ['older']));
    expect(await opened(a!, 3)).toEqual(['new']);
  });
});
