// The cluster view in a real browser: whether the picture is true, and what it says when nodes go.
import { fileURLToPath } from 'node:url';
import { type Management, startManagement } from 'actor-ts/management';
import { until } from 'actor-ts/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { TestCluster } from '../../packages/actor-ts/tests/pubsub/TestCluster.ts';
import { fresh, Login } from '../harness/Login.ts';
import { membersOf, placesOf } from '../harness/places.ts';
import { roomOn } from '../harness/roomOn.ts';
import { Socket } from '../harness/Socket.ts';
import { hasChrome, useChrome } from './chrome.ts';
import { DESK, faultsOf, LOOKS, sticksOut } from './looks.ts';
import { usePlace } from './usePlace.ts';
import { Viewer } from './Viewer.ts';

describe.skipIf(!hasChrome)('the cluster view', () => {
  const place = usePlace(3, { env: { TRACE: 'true' } });
  const browser = useChrome();
  const node = place.node;
  // Also after a test that failed half-way.
  afterEach(async () => {
    for (const one of place.cluster.nodes) {
      if (one.isRunning) await one.resume();
      else await one.start();
    }
  });

  const opens = async (name = 'node1', options: object = DESK) => {
    const viewer = await Viewer.opens(await browser.profile(options), node(name).management);
    // A node that has said its name tells its hops from then on.
    await viewer.reads('#members', /node1[\s\S]*node2[\s\S]*node3/);
    return viewer;
  };
  /** Where an entity lives, by the node that is asked. */
  const homeOf = async (type: string, entity: string) => {
    const homes = () => placesOf(type, entity, node('node1'), place.cluster.nodes);
    return (await until(async () => ((await homes()).length === 1 ? homes() : null)))[0]!;
  };
  const nameOf = async (address: string) => {
    const addresses = await Promise.all(place.cluster.nodes.map(membersOf));
    const index = addresses.findIndex(({ self }) => self === address);
    return place.cluster.nodes[index]!.name;
  };

  test('shows the members, who leads, and from where one looks', async () => {
    const viewer = await opens('node2');
    const { leader } = await membersOf(node('node2'));
    const leads = await nameOf(leader!);
    expect(await viewer.text('#summary')).toBe(
      `3 members, all up; ${leads} leads. You look from node2.`,
    );
    for (const { name } of place.cluster.nodes) {
      const card = await viewer.member(name);
      expect(card).toMatch(/\bup\b/);
      expect(card).toContain(`127.0.0.1:`);
      expect(card.includes('leads')).toBe(name === leads);
      expect(card.includes('you are here')).toBe(name === 'node2');
    }
    await viewer.reads('#timeline', new RegExp(`You look from node2: 3 members, ${leads} leads`));
    expect(viewer.complaints).toEqual([]);
  });

  test('says where the lobby lives, and who is in it', async () => {
    const viewer = await opens();
    const ann = await Login.as(fresh('ann'), node('node3'));
    const { body } = await ann.post('lobby', fresh('id'), 'hello');
    await viewer.reads('.type', /lobby on node/);
    expect(await viewer.homeOf('room', 'lobby')).toBe(body.node);
    expect(await viewer.homeOf('session', ann.user)).toBe(await homeOf('session', ann.user));
    await viewer.reads('.shares', /^64 shards: .*node[123] \d+.*not in use \d+/);
    expect(viewer.complaints).toEqual([]);
  });

  test('tells of a new room that its shard has a home, with its name', async () => {
    const viewer = await opens();
    const ann = await Login.as(fresh('ann'), node('node1'));
    await viewer.reads('#timeline', /You look from/);
    const rooms = Array.from({ length: 8 }, () => fresh('new'));
    for (const room of rooms) await ann.post(room, 'first', 'hello');
    // Some shard has not been in use before.
    await viewer.reads('#timeline', /room: .*\(.*new-.*\) (is|are) on node[123] now/);
  });

  test('draws the way of the last message, in order, over the right nodes', async () => {
    const viewer = await opens('node2');
    const room = fresh('room');
    const ann = await Login.as(fresh('ann'), node('node1'));
    const bob = await Login.as(fresh('bob'), node('node3'));
    const [hers, his] = [await Socket.open(ann), await Socket.open(bob)];
    await hers.join(room);
    await his.join(room);
    const { node: home } = await hers.say(room, fresh('id'));
    await his.next('message');
    const [annAt, bobAt] = [await homeOf('session', ann.user), await homeOf('session', bob.user)];
    const at = (...spots: [string, string][]) => {
      const byNode = Map.groupBy(spots, ([, on]) => on);
      return [...byNode]
        .map(([on, all]) => `${all.map(([name]) => name).join(', ')} on ${on}`)
        .sort()
        .join('; ');
    };
    const inAnyOrder = (way: string[]) =>
      way.map((line) => line.replace(`${bob.user}, ${ann.user}`, `${ann.user}, ${bob.user}`));
    const expected = [
      'client: comes in on node1',
      `session: ${ann.user} on ${annAt}`,
      `room: ${room} on ${home}`,
      `journal: no. 1 on ${home}`,
      `publish: room.${room} on ${home}`,
      `sessions: ${at([ann.user, annAt], [bob.user, bobAt])}`,
      `sockets: ${at([ann.user, 'node1'], [bob.user, 'node3'])}`,
    ];
    const drawn = async () => inAnyOrder(await viewer.way()).join('\n') === expected.join('\n');
    await until(drawn, { what: `the way\n${expected.join('\n')}` }).catch(async (error) => {
      throw new Error(`${error.message}\ngot\n${(await viewer.way()).join('\n')}`);
    });
    const words = await viewer.text('#way-words');
    expect(words).toMatch(/^\d\d:\d\d:\d\d /);
    expect(words).toContain(`${ann.user} → ${room}: in at node1 → session ${ann.user} on ${annAt}`);
    expect(viewer.complaints).toEqual([]);
  });

  test('follows one room, whatever else is said, until it is let go', async () => {
    const viewer = await opens();
    const [mine, other] = [fresh('mine'), fresh('other')];
    const ann = await Login.as(fresh('ann'), node('node1'));
    await ann.post(mine, fresh('id'), 'hello');
    await viewer.reads('.type', new RegExp(`${mine} on node`));
    await viewer.page.locator('#follow').selectOption(`room/${mine}`);
    const whole = `→ ${mine}: in at node1 → session .* → room .* → journal, .* → published on node`;
    await viewer.reads('#way-words', new RegExp(whole));
    const before = await viewer.text('#way-words');
    await ann.post(other, fresh('id'), 'hello');
    await viewer.reads('.type', new RegExp(`${other} on node`));
    expect(await viewer.text('#way-words')).toBe(before);
    const chip = viewer.page.locator(`button[data-entity="${mine}"]`);
    expect(await chip.getAttribute('aria-pressed')).toBe('true');
    await chip.click();
    await viewer.reads('#way-words', new RegExp(`→ ${other}:`));
    expect(await viewer.page.locator('#follow').inputValue()).toBe('');
    await viewer.page.locator(`button[data-entity="${ann.user}"]`).click();
    await viewer.reads('#way-words', new RegExp(`${ann.user} → ${other}:`));
  });

  test('stands still when it is told to, and goes on with what is new', async () => {
    const viewer = await opens();
    const room = fresh('room');
    const ann = await Login.as(fresh('ann'), node('node2'));
    await viewer.reads('#timeline', /You look from/);
    const pause = viewer.page.locator('#pause');
    await pause.click();
    const still = await viewer.text('main');
    await ann.post(room, fresh('id'), 'hello');
    await viewer.reads('#pause', /Go on \([1-9]\d* new\)/);
    await until(async () => (await placesOf('room', room, node('node1'), place.cluster.nodes))[0]);
    const withoutCount = (text: string) => text.replace(/Go on .*|Hold still/, '');
    expect(withoutCount(await viewer.text('main'))).toBe(withoutCount(still));
    await pause.click();
    await viewer.reads('.type', new RegExp(`${room} on node`));
    await viewer.reads('#way-words', new RegExp(`→ ${room}:`));
    expect(await pause.innerText()).toBe('Hold still');
  });

  test('shows station after station in slow motion', async () => {
    const viewer = await opens();
    const ann = await Login.as(fresh('ann'), node('node2'));
    const socket = await Socket.open(ann);
    const room = fresh('room');
    await socket.join(room);
    await viewer.page.locator('#slow').click();
    await socket.say(room, fresh('id'));
    const counts = new Set<number>();
    const isWhole = async () => {
      if ((await viewer.text('#way-words')).includes(room))
        counts.add(await viewer.stations.count());
      return counts.has(7);
    };
    await until(isWhole, { what: 'all stations', timeoutMs: 20_000 });
    expect(counts.size).toBeGreaterThan(3);
    await socket.close();
  });

  test('moves nothing on the screen when values change', async () => {
    const viewer = await opens();
    const ann = await Login.as(fresh('ann'), node('node2'));
    const room = fresh('room');
    await ann.post(room, fresh('id'), 'hello');
    await viewer.reads('.type', new RegExp(`${room} on node`));
    const places = () =>
      viewer.page.evaluate(
        `[...document.querySelectorAll('h2, #picture, .head button')].map((e) => {
          const { x, y } = e.getBoundingClientRect();
          return [e.textContent.slice(0, 20), x, y];
        }).filter(([text]) => text !== '')`,
      ) as Promise<[string, number, number][]>;
    const onlyPlaces = async () => (await places()).map(([, x, y]) => [x, y]);
    const before = await onlyPlaces();
    await ann.post(room, fresh('id'), 'again');
    await viewer.reads('#picture', /no\. 2/);
    await viewer.page.locator('#slow').click();
    expect(await onlyPlaces()).toEqual(before);
  });

  test('can be used by keyboard alone', async () => {
    const viewer = await opens();
    const ann = await Login.as(fresh('ann'), node('node2'));
    await ann.post('lobby', fresh('id'), 'hello');
    await viewer.reads('.type', /lobby on node/);
    const reached: string[] = [];
    const focused = () =>
      viewer.page.evaluate(
        `{ const e = document.activeElement; e.id || e.dataset.entity || e.getAttribute('role') || e.tagName; }`,
      ) as Promise<string>;
    await until(async () => {
      await viewer.page.keyboard.press('Tab');
      reached.push(await focused());
      return reached.includes('lobby');
    });
    expect(reached.slice(0, 5)).toEqual(['follow', 'slow', 'pause', 'picture', 'log']);
    await viewer.page.keyboard.press('Enter');
    const followed = async () =>
      (await viewer.page.locator('#follow').inputValue()) === 'room/lobby';
    await until(followed, { what: 'the room to be followed' });
    await viewer.reads('#way-words', /→ lobby:/);
  });

  describe.each(LOOKS)('in $colorScheme colours at $viewport.width pixels', (look) => {
    test('has no fault that axe finds, and fits', async () => {
      const viewer = await opens('node1', look);
      const ann = await Login.as(fresh('ann'), node('node2'));
      const room = fresh('room');
      await ann.post(room, fresh('id'), 'hello');
      await viewer.reads('#way-words', new RegExp(`→ ${room}:`));
      await viewer.reads('.type', new RegExp(`${room} on node`));
      expect(await faultsOf(viewer.page)).toEqual([]);
      expect(await sticksOut(viewer.page)).toBeLessThanOrEqual(0);
      const background = 'getComputedStyle(document.documentElement).backgroundColor';
      expect(await viewer.page.evaluate(background)).toBe(
        look.colorScheme === 'dark' ? 'rgb(19, 21, 23)' : 'rgb(244, 244, 241)',
      );
    });
  });

  test('tells what happened when another node dies, and where its room went', async () => {
    const viewer = await opens('node1');
    const ann = await Login.as(fresh('ann'), node('node1'));
    const room = await roomOn(node('node2'), ann);
    await viewer.reads('.type', new RegExp(`${room} on node2`));
    await node('node2').kill();
    await viewer.reads('#members', /node2\s+gone/);
    await viewer.reads('.type', new RegExp(`${room} on node[13]`));
    const told = await viewer.reads('#timeline', /from node2 to node[13]/);
    expect(told).toMatch(/node2 is no member any more[\s\S]*node2 does not answer/);
    const home = await homeOf('room', room);
    expect(await viewer.homeOf('room', room)).toBe(home);
    const moved = `room: [^\\n]*${room}[^\\n]* moved from node2 to ${home}`;
    await viewer.reads('#timeline', new RegExp(moved));
    await viewer.reads('#summary', /^2 members, all up; node[13] leads\./);
    await node('node2').start();
    await viewer.reads('#members', /node2\s+up/);
    await viewer.reads('#timeline', /node2 is up/);
    expect(viewer.complaints).toEqual([]);
  });

  test('says that its node stands still, and goes on with it', async () => {
    const viewer = await opens('node3');
    await node('node3').pause();
    await viewer.reads('#connection', /node3 does not answer/);
    await viewer.reads('#summary', /^As it was at/);
    await node('node3').resume();
    await viewer.isLive();
    await viewer.reads('#timeline', /node3 answers this page again/);
    await viewer.reads('#summary', /^3 members, all up; .* You look from node3\.$/);
  });

  test('loads itself again when a file of it does not come', async () => {
    const profile = await browser.profile(DESK);
    await profile.route('**/view/words.js', (route) => route.abort(), { times: 1 });
    const viewer = await Viewer.opens(profile, node('node1').management);
    await viewer.reads('#members', /node1[\s\S]*node2[\s\S]*node3/);
  });

  test('says that it has lost its node, counts down, and comes back with it', async () => {
    const viewer = await opens('node3');
    await node('node3').kill();
    await viewer.reads('#connection', /lost node3, trying again in \d s/);
    await viewer.reads('#timeline', /No connection to node3 any more/);
    expect(await viewer.text('#summary')).toMatch(/^As it was at \d\d:\d\d:\d\d: 3 members/);
    await node('node3').start();
    await Promise.any([viewer.page.locator('#connection button').click(), viewer.isLive()]);
    await viewer.isLive();
    await viewer.reads('#timeline', /Connected to node3 again/);
    await viewer.reads('#summary', /^3 members, all up; .* You look from node3\.$/);
    const ann = await Login.as(fresh('ann'), node('node3'));
    const room = fresh('room');
    await ann.post(room, fresh('id'), 'hello');
    await viewer.reads('#way-words', new RegExp(`→ ${room}: in at node3`));
    expect(viewer.complaints).toEqual([]);
  });
});

describe.skipIf(!hasChrome)('the view of a program without tracing', () => {
  const place = usePlace(1);
  const browser = useChrome();

  test('says how to turn it on, and shows the rest', async () => {
    const viewer = await Viewer.opens(await browser.profile(), place.node('node1').management);
    await viewer.reads('#picture', /^Tracing is off.*TRACE=true npm start$/);
    const ann = await Login.as(fresh('ann'), place.node('node1'));
    await ann.post('lobby', fresh('id'), 'hello');
    await viewer.reads('.type', /lobby on node1/);
    expect(await viewer.stations.count()).toBe(0);
    expect(await viewer.text('#summary')).toBe(
      '1 member, all up; node1 leads. You look from node1.',
    );
    expect(viewer.complaints).toEqual([]);
  });
});

describe.skipIf(!hasChrome)('the view of step 2', () => {
  const program = fileURLToPath(
    new URL('../../solutions/02-sharding/src/main.ts', import.meta.url),
  );
  const place = usePlace(2, { program, env: { TRACE: 'true' } });
  const browser = useChrome();

  test('has what the step has: no journal, no topics, no sockets', async () => {
    const viewer = await Viewer.opens(await browser.profile(), place.node('node1').management);
    await viewer.reads('#members', /node1[\s\S]*node2/);
    const ann = await Login.as(fresh('ann'), place.node('node2'));
    const room = fresh('room');
    const { body } = await ann.post(room, fresh('id'), 'hello');
    await viewer.reads('#way-words', new RegExp(`→ room ${room} on ${body.node}$`));
    await viewer.reads('#picture', /comes in\s+on node2/);
    const titles = (await viewer.way()).map((station) => station.split(':')[0]);
    expect(titles).toEqual(['client', 'session', 'room']);
    await viewer.reads('.type', new RegExp(`${room} on ${body.node}`));
    expect(viewer.complaints).toEqual([]);
  });
});

describe.skipIf(!hasChrome)('the view of a program that shards nothing', () => {
  const cluster = new TestCluster();
  const browser = useChrome();
  let management: Management;
  beforeAll(async () => {
    const [node] = await cluster.start(1);
    management = await startManagement(node!.system, node!.cluster, { port: 0 });
  });
  afterAll(async () => {
    await management?.close();
    await cluster.close();
  });

  test('says so, calls nodes by their addresses, and shows messages to topics', async () => {
    const viewer = await Viewer.opens(await browser.profile(), management.url);
    const [node] = cluster.nodes;
    await viewer.reads('#shards', /Nothing is sharded here/);
    const name = node!.cluster.selfAddress.toString().replace('pubsub@', '');
    await viewer.reads('#summary', new RegExp(`You look from ${name}\\.`));
    await node!.subscriber('news');
    node!.publish('news', { id: 'm-1' });
    await viewer.reads(
      '#way-words',
      new RegExp(`published on ${name} → subscribers .* on ${name}`),
    );
    expect(await viewer.page.locator('#types').innerText()).toBe('');
    expect(viewer.complaints).toEqual([]);
  });
});
