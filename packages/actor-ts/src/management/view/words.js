// What the page calls things: pure functions.

/** `chat@127.0.0.1:2551` without the system's name, which is the same for all. */
export function hostAndPort(address) {
  return address.slice(address.indexOf('@') + 1);
}

/** A hue in degrees, the one that the chat page gives the name; names that differ in a digit lie far apart. */
export function hueOf(name) {
  let sum = 7;
  for (const char of name) sum = (sum * 31 + char.charCodeAt(0) * 137) % 360;
  return sum;
}

export function timeOf(at) {
  return new Date(at).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
}

export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** `a`, `a and b`, `a, b and c`, `a, b, c and 4 more`. */
export function listOf(names, most = 6) {
  const rest = names.length - most;
  const shown = rest > 0 ? [...names.slice(0, most), `${rest} more`] : names;
  if (shown.length < 2) return shown.join('');
  return `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

const statuses = {
  joining: 'joining',
  'weakly-up': 'up, waiting for the others to agree',
  up: 'up',
  leaving: 'leaving',
  exiting: 'leaving',
  unreachable: 'does not answer',
  down: 'given up',
  gone: 'gone',
};

export function statusWords(status) {
  return statuses[status] ?? status;
}

/** What a `member` event says of a node, in a sentence. */
export function memberWords(change, name, before) {
  switch (change) {
    case 'MemberJoined':
      return `${name} is joining.`;
    case 'MemberUp':
      return `${name} is up.`;
    case 'MemberLeft':
      return `${name} is leaving, by its own will.`;
    case 'MemberUnreachable':
      return `${name} does not answer.`;
    case 'MemberReachable':
      return `${name} answers again.`;
    case 'MemberDown':
      return `The others give ${name} up.`;
    case 'MemberRemoved':
      return before === 'leaving' || before === 'exiting'
        ? `${name} has left the cluster.`
        : `${name} is no member any more; what lived there is started elsewhere.`;
    default:
      return `${name}: ${change}`;
  }
}

/** How `shards` of a type went from one node to another; `from` or `to` is null for nowhere. */
export function moveWords({ type, from, to, shards, entities }, nameOf) {
  const what = shards.length === 1 ? `shard ${shards[0]}` : `${shards.length} shards`;
  const named = entities.length === 0 ? '' : ` (${listOf(entities)})`;
  const verb = shards.length === 1 ? 'is' : 'are';
  if (from === null) return `${type}: ${what}${named} ${verb} on ${nameOf(to)} now.`;
  if (to === null) return `${type}: ${what}${named} left ${nameOf(from)} and ${verb} nowhere yet.`;
  return `${type}: ${what}${named} moved from ${nameOf(from)} to ${nameOf(to)}.`;
}

/** `node1 12 · node2 11` of a map of names to numbers. */
export function shares(counts) {
  return [...counts].map(([name, number]) => `${name} ${number}`).join(' · ');
}

export function connectionWords({ name, until, node }, now) {
  if (name === 'live') return `live from ${node}`;
  if (name === 'connecting') return 'connecting…';
  if (name === 'silent') return `${node} does not answer`;
  const seconds = Math.max(0, Math.ceil((until - now) / 1000));
  return `${node ? `lost ${node}` : 'no answer'}, trying again in ${seconds} s`;
}
