// The cluster as the page knows it: what events and answers change, and what happened in words.
import { Moves } from './moves.js';
import { count, hostAndPort, hueOf, listOf, memberWords, moveWords } from './words.js';

/** Entries of the timeline, and nodes that are gone, which are kept. */
const maxEntries = 200;
const maxGone = 6;

export class Model {
  self = '';
  leader = null;
  /** Address → `{ address, name, tracing, status }`, those that are gone included. */
  nodes = new Map();
  /** Type → `{ numShards, shards }`; shard → `{ node, from, entities }`; `node` null: it has no home. */
  types = new Map();
  /** Newest first: `{ id, at, text, kind }`. */
  timeline = [];
  /** Hops that were too many to be told. */
  lost = 0;
  #moves = new Moves();
  #nextId = 1;
  #now;

  constructor(now = Date.now) {
    this.#now = now;
  }

  label(address) {
    if (!address) return 'nobody';
    return this.nodes.get(address)?.name ?? hostAndPort(address);
  }

  /** For narrow places. Nodes without a name on one machine differ in their ports. */
  shortLabel(address) {
    const name = this.nodes.get(address)?.name;
    const hosts = new Set(
      [...this.nodes.keys()].map((node) => node.slice(0, node.lastIndexOf(':'))),
    );
    if (name || hosts.size > 1) return this.label(address);
    return address.slice(address.lastIndexOf(':'));
  }

  hue(address) {
    return hueOf(this.label(address));
  }

  /** All known nodes, by name; numbers in names count as numbers. */
  sorted() {
    return [...this.nodes.values()].sort((a, b) =>
      this.label(a.address).localeCompare(this.label(b.address), 'en', { numeric: true }),
    );
  }

  /** One event of `/events`. */
  onEvent(name, data) {
    switch (name) {
      case 'members':
        return this.#onStart(data);
      case 'node':
        return this.#onNode(data);
      case 'member':
        return this.#onMember(data);
      case 'leader':
        return this.#onLeader(data.leader);
      case 'shard':
        return this.#onShard(data);
      case 'hops-lost':
        this.lost += data.count;
        return undefined;
      case 'self':
        if (data.change === 'SelfRemoved') {
          this.#say(`${this.label(this.self)} is out of the cluster: ${data.reason}.`, 'bad');
        }
    }
  }

  // ---- members -----------------------------------------------------------------------------------

  /** The state as it is when the connection stands: what differs happened while nobody looked. */
  #onStart(view) {
    const isFirst = this.self === '';
    const before = new Set([...this.nodes.values()].filter(isMember).map(({ address }) => address));
    const leaderBefore = this.leader;
    this.onMembers(view);
    if (isFirst) return;
    const now = new Set(view.members.map(({ address }) => address));
    const names = (addresses) => listOf(addresses.map((address) => this.label(address)));
    const gone = [...before].filter((address) => !now.has(address));
    const come = [...now].filter((address) => !before.has(address));
    const changes = [];
    if (gone.length > 0) changes.push(`gone: ${names(gone)}`);
    if (come.length > 0) changes.push(`new: ${names(come)}`);
    if (leaderBefore !== this.leader) changes.push(`${this.label(this.leader)} leads`);
    const what =
      changes.length > 0 ? `Meanwhile: ${changes.join('; ')}.` : 'The members are the same.';
    this.#say(`Connected to ${this.label(this.self)} again. ${what}`, 'self');
  }

  /** `GET /cluster/members`: how it is, without words. */
  onMembers({ self, leader, members }) {
    this.self = self;
    this.leader = leader;
    const listed = new Set();
    for (const { address, status } of members) {
      listed.add(address);
      this.#node(address).status = status;
    }
    for (const node of this.nodes.values()) if (!listed.has(node.address)) node.status = 'gone';
    const gone = [...this.nodes.values()].filter((node) => !isMember(node));
    for (const { address } of gone.slice(0, -maxGone)) this.nodes.delete(address);
  }

  /** Said once the names of the nodes are known, or are not to be had. */
  greet() {
    const members = [...this.nodes.values()].filter(isMember);
    const leads = this.leader ? `${this.label(this.leader)} leads` : 'nobody leads';
    this.#say(
      `You look from ${this.label(this.self)}: ${count(members.length, 'member')}, ${leads}.`,
      'self',
    );
  }

  #node(address) {
    let node = this.nodes.get(address);
    if (!node) {
      node = { address, name: null, tracing: null, status: 'gone' };
      this.nodes.set(address, node);
    }
    return node;
  }

  #onNode({ address, name, tracing }) {
    Object.assign(this.#node(address), { name, tracing });
  }

  #onMember({ change, address, status }) {
    const node = this.#node(address);
    const text = memberWords(change, this.label(address), node.status);
    node.status = change === 'MemberRemoved' ? 'gone' : status;
    const isBad = ['MemberUnreachable', 'MemberDown', 'MemberRemoved'].includes(change);
    this.#say(text, isBad ? 'bad' : 'good');
  }

  #onLeader(leader) {
    this.leader = leader;
    this.#say(leader ? `${this.label(leader)} leads now.` : 'Nobody leads now.', 'leader');
  }

  /** The node that is looked from has gone, or stands still. */
  onLost(isSilent) {
    const node = this.label(this.self);
    const text = isSilent
      ? `${node} does not answer this page.`
      : `No connection to ${node} any more.`;
    this.#say(text, 'bad');
  }

  /** It goes on. */
  onBack() {
    this.#say(`${this.label(this.self)} answers this page again.`, 'self');
  }

  // ---- shards ------------------------------------------------------------------------------------

  onTypes(types) {
    for (const type of this.types.keys()) if (!types.includes(type)) this.types.delete(type);
  }

  #type(type) {
    let known = this.types.get(type);
    if (!known) {
      known = { numShards: 0, shards: new Map(), isKnown: false };
      this.types.set(type, known);
    }
    return known;
  }

  #onShard({ typeName, shardId, home }) {
    this.#move(typeName, Number(shardId), home);
  }

  /** `GET /cluster/shards?type=`: moves that no event told are found here. */
  onShards(type, numShards, shards) {
    const known = this.#type(type);
    known.numShards = numShards;
    const homes = new Map(shards.map((shard) => [shard.shard, shard]));
    for (const [id, { node, entities }] of homes) {
      if (known.isKnown) this.#move(type, id, node);
      else known.shards.set(id, { node, from: null, entities });
      known.shards.get(id).entities = entities;
    }
    for (const id of known.shards.keys()) if (!homes.has(id)) this.#move(type, id, null);
    known.isKnown = true;
  }

  #move(type, id, to) {
    const { shards } = this.#type(type);
    const shard = shards.get(id) ?? { node: null, from: null, entities: [] };
    if (shard.node === to) return;
    const from = shard.node ?? shard.from;
    this.#moves.add(type, id, from, to, this.#now());
    shards.set(id, { ...shard, node: to, from });
  }

  get hasMoves() {
    return !this.#moves.isEmpty;
  }

  /** Tells the moves up to `until`, in milliseconds since 1970. */
  tellMoves(until) {
    for (const way of this.#moves.take(until)) {
      const { shards } = this.#type(way.type);
      const entities = way.shards.flatMap((id) => shards.get(id)?.entities ?? []);
      const text = moveWords({ ...way, entities }, (address) => this.label(address));
      this.#say(text, 'shard');
    }
  }

  /** Where each entity of a type runs, by name: `{ name, shard, node }`. */
  entities(type) {
    const found = [];
    for (const [shard, { node, entities }] of this.types.get(type)?.shards ?? []) {
      for (const name of entities) found.push({ name, shard, node });
    }
    return found.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  }

  #say(text, kind) {
    this.timeline.unshift({ id: this.#nextId++, at: this.#now(), text, kind });
    this.timeline.length = Math.min(this.timeline.length, maxEntries);
  }
}

export function isMember({ status }) {
  return status !== 'gone';
}
