// Draws the summary, the members, the connection and the timeline. Decides nothing.
import { $, element, paint, patch, setClass, setText } from './dom.js';
import { isMember } from './model.js';
import { connectionWords, count, hostAndPort, listOf, statusWords, timeOf } from './words.js';

/** `lostAt`: since when the node is lost, in milliseconds since 1970; 0 while it is not. */
export function drawSummary(model, lostAt) {
  const members = model.sorted().filter(isMember);
  if (members.length === 0) return;
  const odd = members.filter(({ status }) => status !== 'up');
  const how =
    odd.length === 0
      ? 'all up'
      : odd.map((node) => `${model.label(node.address)} ${statusWords(node.status)}`).join(', ');
  const leads = model.leader ? `${model.label(model.leader)} leads` : 'nobody leads';
  const from = `You look from ${model.label(model.self)}`;
  const asOf = lostAt ? `As it was at ${timeOf(lostAt)}: ` : '';
  setText($('#summary'), `${asOf}${count(members.length, 'member')}, ${how}; ${leads}. ${from}.`);
  const up = members.length - odd.length;
  document.title = `${odd.length === 0 ? up : `${up} of ${members.length}`} up · Cluster`;
}

export function drawMembers(model) {
  patch(
    $('#members > ul'),
    model.sorted(),
    ({ address }) => address,
    () =>
      element(
        'li',
        '',
        element('b', 'node'),
        element('span', 'status'),
        element('span', 'address'),
        element('span', 'marks'),
      ),
    (card, node) => {
      const [name, status, address, marks] = card.children;
      setClass(card, `member ${node.status}`);
      paint(card, model.hue(node.address));
      setText(name, model.label(node.address));
      setText(address, node.name ? hostAndPort(node.address) : '');
      setText(status, statusWords(node.status));
      const said = [];
      if (node.address === model.leader) said.push('leads');
      if (node.address === model.self) said.push('you are here');
      patch(
        marks,
        said,
        String,
        (mark) => element('span', mark === 'leads' ? 'mark leads' : 'mark', mark),
        () => {},
      );
    },
  );
}

export function drawConnection(state, model, now) {
  const [words, button] = $('#connection').children;
  const node = model.self ? model.label(model.self) : '';
  const isWaiting = state.name === 'waiting';
  const isLost = isWaiting || state.name === 'silent';
  setText(words, connectionWords({ ...state, node }, now));
  setClass($('#connection'), state.name);
  button.hidden = !isWaiting;
  document.body.classList.toggle('lost', isLost);
}

export function drawTimeline(model) {
  patch(
    $('#timeline ol'),
    model.timeline,
    ({ id }) => String(id),
    ({ at, text, kind }) => {
      const time = element('time', '', timeOf(at));
      time.dateTime = new Date(at).toISOString();
      return element('li', kind, time, ' ', element('span', '', text));
    },
    () => {},
  );
}

/** Who may be followed: the entities that run, those of each type together. */
export function drawFollow(model, followed) {
  const select = $('#follow');
  const types = [...model.types.keys()];
  const options = types.flatMap((type) =>
    model.entities(type).map(({ name }) => ({ type, name, value: `${type}/${name}` })),
  );
  const chosen = followed ? `${followed.type}/${followed.entity}` : '';
  if (followed && !options.some(({ value }) => value === chosen)) {
    options.push({ type: followed.type, name: followed.entity, value: chosen });
  }
  const every = { value: '', type: '', name: '' };
  patch(
    select,
    [every, ...options.slice(0, 500)],
    ({ value }) => value,
    () => element('option'),
    (option, { type, name, value }) => {
      option.value = value;
      setText(option, value === '' ? 'every message' : `${type} ${name}`);
    },
  );
  if (select.value !== chosen) select.value = chosen;
}

/** Nobody traces, as far as is known. */
export function isUntraced(model) {
  const members = [...model.nodes.values()].filter(isMember);
  return members.length > 0 && members.every(({ tracing }) => tracing === false);
}

/** What stands where a message's way would, while there is none. */
export function whyNoWay(model, followed) {
  if (isUntraced(model)) {
    return 'Tracing is off, so nobody sees which way a message goes. Turn it on with TRACE=true in the nodes’ environment: TRACE=true npm start';
  }
  const silent = [...model.nodes.values()].filter((node) => {
    return isMember(node) && node.tracing === false;
  });
  const names = listOf(silent.map(({ address }) => model.label(address)));
  const but = silent.length > 0 ? ` Tracing is off on ${names}.` : '';
  if (followed) return `No message of ${followed.type} ${followed.entity} yet.${but}`;
  return `No message yet. Write one in the chat, and its way stands here.${but}`;
}
