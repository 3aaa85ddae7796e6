// The public face over an in-memory network, with time that only moves when the test says so.
import { afterEach, describe, expect, test } from 'vitest';
import { ActorSystem } from '../../src/actor/ActorSystem.ts';
import { CoordinatedShutdownId } from '../../src/actor/CoordinatedShutdown.ts';
import { Cluster } from '../../src/cluster/Cluster.ts';
import type { ClusterOptions } from '../../src/cluster/ClusterOptions.ts';
import type { DowningStrategy } from '../../src/cluster/Downing.ts';
import { type ClusterEvent, SelfRemoved, SelfUp } from '../../src/cluster/events.ts';
import { ActorStateError, ClusterJoinError, OptionsError } from '../../src/errors.ts';
import { ManualScheduler } from '../../src/testkit/ManualScheduler.ts';
import { MemoryNetwork } from '../../src/testkit/MemoryNetwork.ts';

class World {
  readonly scheduler = new ManualScheduler();
  readonly network = new MemoryNetwork(this.scheduler);
  readonly systems: ActorSystem[] = [];

  system(): ActorSystem {
    const system = ActorSystem.create('sys', { logLevel: 'silent', scheduler: this.scheduler });
    this.systems.push(system);
    return system;
  }

  join(name: string, options: Partial<ClusterOptions> = {}, system = this.system()) {
    return Cluster.join(system, {
      host: name,
      port: 1,
      transport: this.network.transport(),
      ...options,
    });
  }

  async start(names = 'abc', options: Partial<ClusterOptions> = {}): Promise<Cluster[]> {
    const seeds = [...names].map((name) => `${name}:1`);
    const joining = [...names].map((name) => this.join(name, { seeds, ...options }));
    await this.until(() => this.systems.every((s) => s.cluster.exists((c) => isUp(c, names))));
    return Promise.all(joining);
  }

  /** Moves time until `promise` is settled. */
  async finish<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = () => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.until(() => isSettled);
    return promise;
  }

  async until(condition: () => boolean, limitMs = 20_000): Promise<number> {
    const start = this.scheduler.now();
    while (!condition()) {
      const passed = this.scheduler.now() - start;
      if (passed > limitMs) throw new Error(`not within ${limitMs} ms`);
      await this.scheduler.advance(50);
    }
    return this.scheduler.now() - start;
  }

  async close(): Promise<void> {
    await Promise.all(this.systems.map((system) => system.terminate()));
  }
}

/** Whether `cluster` sees exactly these nodes, all up. */
function isUp(cluster: Cluster, names: string): boolean {
  return seen(cluster) === [...names].map((name) => `${name} up`).join(', ');
}

function seen(cluster: Cluster): string {
  const members = cluster.getMembers().map((m) => `${m.address.host} ${m.status}`);
  return members.sort().join(', ');
}

function namesOf(events: readonly ClusterEvent[]): string[] {
  return events.map((event) => {
    const { name } = event.constructor;
    return 'member' in event ? `${name} ${event.member.address.host}` : name;
  });
}

let world = new World();
afterEach(async () => {
  await world.close();
  world = new World();
});

describe('joining', () => {
  test('resolves when this node is up', async () => {
    const [a, b, c] = await world.start();
    expect(seen(a!)).toBe('a up, b up, c up');
    expect(a!.system.cluster.toNullable()).toBe(a);
    expect(
      [a, b, c].map((n) =>
        n!
          .leader()
          .map((m) => m.address.host)
          .toNullable(),
      ),
    ).toEqual(Array(3).fill('a'));
    expect([a, b, c].map((n) => n!.isLeader)).toEqual([true, false, false]);
    expect(b!.selfAddress.toString()).toBe('sys@b:1');
  });

  test('carries the roles to all', async () => {
    const [a] = await world.start('ab', { roles: ['chat', 'chat', 'web'] });
    expect(a!.getMembers().map((m) => m.roles)).toEqual([
      ['chat', 'web'],
      ['chat', 'web'],
    ]);
  });

  test('a second time from the same system is refused', async () => {
    const [a] = await world.start('a');
    await expect(world.join('b', {}, a!.system)).rejects.toThrow(ActorStateError);
  });

  test('rejects when the system ends before it is up', async () => {
    const system = world.system();
    const joining = world.join('b', { seeds: ['a:1'] }, system);
    const rejected = expect(joining).rejects.toThrow(ClusterJoinError);
    await world.scheduler.advance(500);
    await system.terminate();
    await rejected;
  });

  test.each([
    [{ host: 1 }, '`host` takes'],
    [{ port: -1 }, '`port` takes'],
    [{ seed: [] }, 'no option `seed`'],
    [{ seeds: 'a:1' }, '`seeds` takes'],
    [{ seeds: ['other@a:1'] }, 'another system'],
    [{ gossipIntervalMs: 0 }, '`gossipIntervalMs` takes'],
    [{ downing: {} }, '`downing` takes'],
    [{ failureDetector: { treshold: 8 } }, 'no option `treshold`'],
    [{ failureDetector: { threshold: 0 } }, '`threshold` takes'],
    [{ roles: [1] }, '`roles` takes'],
  ])('refuses %j', async (options, complaint) => {
    const joining = world.join('a', options as never);
    await expect(joining).rejects.toThrow(OptionsError);
    await expect(joining).rejects.toThrow(complaint);
  });
});

describe('subscribing', () => {
  test('replays the present state, then tells what happens', async () => {
    const [a] = await world.start('ab');
    const events: ClusterEvent[] = [];
    a!.subscribe((event) => events.push(event));
    expect(namesOf(events)).toEqual([
      'MemberJoined a',
      'MemberUp a',
      'MemberJoined b',
      'MemberUp b',
      'LeaderChanged',
      'SelfUp a',
    ]);
    events.length = 0;
    await world.finish(world.join('c', { seeds: ['a:1'] }));
    await world.until(() => isUp(a!, 'abc'));
    expect(namesOf(events)).toEqual(['MemberJoined c', 'MemberUp c']);
  });

  test('ends when told so, and a listener that throws disturbs nobody', async () => {
    const [a] = await world.start('a');
    const events: ClusterEvent[] = [];
    a!.subscribe(() => {
      throw new Error('on purpose');
    });
    const end = a!.subscribe((event) => events.push(event));
    events.length = 0;
    end();
    await world.finish(world.join('b', { seeds: ['a:1'] }));
    await world.until(() => isUp(a!, 'ab'));
    expect(events).toEqual([]);
  });
});

describe('a node that is gone', () => {
  test('is removed by its refusal within a second', async () => {
    const [a, b, c] = await world.start();
    const events: ClusterEvent[] = [];
    b!.subscribe((event) => events.push(event));
    events.length = 0;
    world.network.refuse(a!.selfAddress);
    expect(await world.until(() => isUp(b!, 'bc') && isUp(c!, 'bc'))).toBeLessThan(1000);
    expect(namesOf(events).filter((name) => !name.includes('achable'))).toEqual([
      'LeaderChanged',
      'MemberDown a',
      'MemberRemoved a',
    ]);
    expect(b!.isLeader).toBe(true);
  });

  test('is unreachable first when it is silent', async () => {
    const [a, b, c] = await world.start();
    world.network.partition(c!.selfAddress, [a!.selfAddress, b!.selfAddress]);
    await world.until(() => seen(a!) === 'a up, b up, c unreachable');
    expect(a!.reachableMembers().map((m) => m.address.host)).toEqual(['a', 'b']);
    expect(a!.upMembers().map((m) => m.address.host)).toEqual(['a', 'b']);
    expect(await world.until(() => isUp(a!, 'ab'))).toBeLessThan(4000);
  });
});

describe('a node that is cut off', () => {
  test('is told synchronously, and comes back as a new incarnation', async () => {
    const [a, b, c] = await world.start();
    const before = c!.self.uid;
    const events: ClusterEvent[] = [];
    c!.subscribe((event) => {
      if (event instanceof SelfRemoved) expect(c!.self.uid).toBe(before);
      events.push(event);
    });
    world.network.partition(c!.selfAddress, [a!.selfAddress, b!.selfAddress]);
    await world.until(() => events.some((e) => e instanceof SelfRemoved));
    expect(c!.getMembers()).toEqual([]);
    expect(c!.leader().isNone).toBe(true);
    events.length = 0;
    await world.until(() => isUp(a!, 'ab') && isUp(b!, 'ab'));
    world.network.heal();
    await world.until(() => [a, b, c].every((n) => isUp(n!, 'abc')));
    expect(c!.self.uid).not.toBe(before);
    expect(events.at(-1)).toBeInstanceOf(SelfUp);
  });

  test('when both sides have removed each other, the smaller one gives way', async () => {
    const selfish: DowningStrategy = {
      stableAfterMs: 500,
      decide: ({ members }) => {
        const others = members.filter((m) => m.standing !== 'reachable');
        const down = others.map(({ member: { node } }) => `${node.address}#${node.uid}`);
        return { down, reason: 'only this side counts' };
      },
    };
    const [a, b, c] = await world.start('abc', { downing: selfish });
    const uids = [a, b, c].map((n) => n!.self.uid);
    world.network.partition(a!.selfAddress, [b!.selfAddress, c!.selfAddress]);
    await world.until(() => isUp(a!, 'a') && isUp(b!, 'bc') && isUp(c!, 'bc'));
    await world.scheduler.advance(5000);
    world.network.heal();
    await world.until(() => [a, b, c].every((n) => isUp(n!, 'abc')));
    expect([b, c].map((n) => n!.self.uid)).toEqual(uids.slice(1));
    expect(a!.self.uid).not.toBe(uids[0]);
  });
});

describe('leaving', () => {
  test('runs the hooks first, and resolves when the others know', async () => {
    const [a, b, c] = await world.start();
    const steps: string[] = [];
    c!.onLeave(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      steps.push(`hook sees ${seen(c!)}`);
    });
    c!.onLeave(() => Promise.reject(new Error('on purpose')));
    c!.subscribe((event) => {
      if (event instanceof SelfRemoved) steps.push(`removed, left: ${event.left}`);
    });
    const before = world.scheduler.now();
    await world.finish(c!.leave());
    expect(world.scheduler.now() - before).toBeLessThan(500);
    expect(steps).toEqual(['hook sees a up, b up, c up', 'removed, left: true']);
    expect([seen(a!), seen(b!)]).toEqual(['a up, b up', 'a up, b up']);
    await world.scheduler.advance(5000);
    expect(c!.getMembers()).toEqual([]);
  });

  test('is part of the coordinated shutdown', async () => {
    const [a, b] = await world.start('ab');
    await world.finish(b!.system.extension(CoordinatedShutdownId).run());
    expect(seen(a!)).toBe('a up');
  });
});

test('down(address) removes a healthy node, which comes back as new', async () => {
  const [a, b] = await world.start('ab');
  const before = b!.self.uid;
  a!.down('sys@b:1');
  await world.until(() => b!.self.uid !== before);
  await world.until(() => isUp(a!, 'ab') && isUp(b!, 'ab'));
});
