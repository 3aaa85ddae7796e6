// The ways of messages, put together from their hops: which stations a message has passed, and where.

/** Messages that are kept, and hops of one; what comes on top of it is left out. */
const maxMessages = 50;
const maxHops = 300;

const order = ['in', 'entity', 'persist', 'publish', 'deliver', 'socket'];

export class Ways {
  /** Id → `{ id, hops }`, the one that began last at the end. */
  #messages = new Map();

  add(hop) {
    let message = this.#messages.get(hop.id);
    if (!message) {
      message = { id: hop.id, hops: [] };
      this.#messages.set(hop.id, message);
      if (this.#messages.size > maxMessages) {
        this.#messages.delete(this.#messages.keys().next().value);
      }
    }
    if (message.hops.length < maxHops) message.hops.push(hop);
  }

  /** Those that `wanted` (a type and an entity, or null for any) has to do with, oldest first. */
  of(wanted) {
    return [...this.#messages.values()].filter(
      (message) => isWhole(message) && (wanted === null || concerns(message, wanted)),
    );
  }
}

/** A page of history pushes old messages anew: the last hop alone is no way. */
function isWhole({ hops }) {
  return hops.some(({ hop }) => hop !== 'socket');
}

function concerns({ hops }, { type, entity }) {
  return hops.some((hop) => {
    const at = entityOf(hop);
    return at !== null && at.type === type && at.entity === entity;
  });
}

/** The entity that a hop names. */
function entityOf({ hop, details }) {
  if (hop === 'entity-receive' || hop === 'region-route') {
    return { type: details.type, entity: details.entity };
  }
  if (hop !== 'deliver') return null;
  const [, type, entity] = /\/system\/sharding-([^/]+)\/([^/#]+)/.exec(details.actor) ?? [];
  return type === undefined ? null : { type, entity: decodeURIComponent(entity) };
}

/**
 * The stations in their order. Each: `kind`, `title`, `text` (what it did), `ms` since the first hop,
 * and `spots`: `{ node, names }`, the nodes where it happened and whom it concerned there. The clocks
 * of the nodes may differ, so the order is that of the kinds; time only decides within one.
 */
export function stationsOf({ hops }) {
  const inTime = [...hops].sort((a, b) => a.at - b.at);
  const stations = new Map();
  const start = inTime[0]?.at ?? 0;
  const first = firstRoute(hops);
  if (first) put(stations, 'in', { kind: 'in', title: 'client', text: 'comes in' }, first, '');
  for (const hop of inTime) addStation(stations, hop);
  return [...stations.values()]
    .map((station) => ({ ...station, ms: Math.max(0, station.at - start) }))
    .sort((a, b) => rank(a, first) - rank(b, first));
}

/** The entity that a client's message goes to comes before those that it has to do with. */
function rank({ kind, title, spots }, first) {
  const isFirst = title === first?.details.type && spots[0].names[0] === first?.details.entity;
  return order.indexOf(kind) - (kind === 'entity' && isFirst ? 0.5 : 0);
}

/**
 * Where the message came in: from a node on which no other entity had received it before, and to which
 * no other node had passed it on for the same entity. The hops of a node arrive in their order, so no
 * clock is asked.
 */
function firstRoute(hops) {
  const isSame = (a, b) => a.type === b.type && a.entity === b.entity;
  const routes = hops.filter(({ hop }) => hop === 'region-route');
  const isPassedOn = (route) =>
    routes.some(
      (other) =>
        other.node !== route.node &&
        isSame(other.details, route.details) &&
        other.details.node?.startsWith(`${route.node}#`),
    );
  const candidates = routes.filter((route) => {
    const before = hops.slice(0, hops.indexOf(route)).filter(({ node }) => node === route.node);
    return before.every(({ hop, details }) => {
      return hop !== 'entity-receive' || isSame(details, route.details);
    });
  });
  return candidates.find((route) => !isPassedOn(route)) ?? candidates[0];
}

function addStation(stations, hop) {
  const { node, details } = hop;
  switch (hop.hop) {
    case 'entity-receive': {
      const { type, entity } = details;
      const station = { kind: 'entity', title: type, text: '' };
      return put(stations, `${type} ${entity} ${node}`, station, hop, entity);
    }
    case 'persist': {
      const { persistenceId, sequenceNr } = details;
      const station = { kind: 'persist', title: 'journal', text: '' };
      const key = `persist ${persistenceId} ${sequenceNr}`;
      return put(stations, key, station, hop, `no. ${sequenceNr}`);
    }
    case 'publish': {
      const { topic } = details;
      const station = { kind: 'publish', title: 'publish', text: topic };
      return put(stations, `publish ${topic} ${node}`, station, hop, topic);
    }
    case 'deliver': {
      const at = entityOf(hop);
      const title = at === null ? 'subscribers' : `${at.type}s`;
      const name = at?.entity ?? details.actor.slice(details.actor.lastIndexOf('/') + 1);
      return put(stations, `deliver ${title}`, { kind: 'deliver', title, text: '' }, hop, name);
    }
    case 'socket': {
      const station = { kind: 'socket', title: 'sockets', text: '' };
      return put(stations, 'socket', station, hop, String(details.user ?? ''));
    }
  }
}

function put(stations, key, station, { node, at }, name) {
  let known = stations.get(key);
  if (!known) {
    known = { ...station, at, spots: [] };
    stations.set(key, known);
  }
  let spot = known.spots.find((other) => other.node === node);
  if (!spot) {
    spot = { node, names: [] };
    known.spots.push(spot);
  }
  if (name && !spot.names.includes(name)) spot.names.push(name);
}

/** What a message is called: the entities that it went to. */
export function titleOf(stations) {
  const names = stations.flatMap(({ kind, spots }) => (kind === 'entity' ? spots[0].names : []));
  return [...new Set(names)].join(' → ');
}

/** The way in one sentence. */
export function sentenceOf(stations, label) {
  const at = ({ spots }) => spots.map(({ node }) => label(node)).join(' and ');
  const each = ({ spots }) =>
    spots.map(({ node, names }) => `${names.join(', ')} on ${label(node)}`).join('; ');
  const parts = stations.map((station) => {
    switch (station.kind) {
      case 'in':
        return `in at ${at(station)}`;
      case 'persist':
        return `journal, ${station.spots[0].names[0]} on ${at(station)}`;
      case 'publish':
        return `published on ${at(station)}`;
      default:
        return `${station.title} ${each(station)}`;
    }
  });
  return parts.join(' → ');
}

/**
 * How a station was reached from the one before: `legs`, from which node to which, and `stays`, the
 * nodes where it went no further than to the next actor. Where names go on (a session's socket), each
 * goes on from its own place.
 */
export function legsOf(stations, index) {
  const before = stations[index - 1]?.spots ?? [];
  const pairs = new Map();
  for (const { node: to, names } of stations[index].spots) {
    const own = before.filter((spot) => spot.names.some((name) => names.includes(name)));
    for (const { node: from } of own.length > 0 && before.length > 1 ? own : before.slice(0, 1)) {
      pairs.set(`${from} ${to}`, { from, to });
    }
  }
  const all = [...pairs.values()];
  return {
    legs: all.filter(({ from, to }) => from !== to),
    stays: all.filter(({ from, to }) => from === to).map(({ to }) => to),
  };
}
