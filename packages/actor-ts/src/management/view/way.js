// Draws a message's way: a column for each node, a row for each station, a line for each leg that
// goes from one node to another.
import { element, paint, patch, setClass, setText } from './dom.js';
import { legsOf, sentenceOf, stationsOf, titleOf } from './ways.js';

/** Legs of one station that are drawn apart; all others share the last one's height. */
const maxLegs = 4;

/**
 * @param message null: there is none yet
 * @param revealed how many stations are shown
 */
export function drawWay(picture, model, message, revealed) {
  const stations = message ? stationsOf(message).slice(0, revealed) : [];
  const columns = columnsOf(model, stations);
  picture.style.setProperty('--columns', String(Math.max(1, columns.length)));
  patch(
    picture,
    stations.length > 0 ? ['nodes', 'stations'] : ['nodes'],
    (part) => part,
    (part) => element(part === 'nodes' ? 'div' : 'ol', part),
    (target, part) => {
      if (part === 'nodes') drawHead(target, model, columns);
      else drawStations(target, model, stations, columns, message.id);
    },
  );
}

/** The title of the message and its way in words. */
export function wayWords(model, message, revealed) {
  const stations = stationsOf(message).slice(0, revealed);
  return `${titleOf(stations)}: ${sentenceOf(stations, (node) => model.label(node))}`;
}

function columnsOf(model, stations) {
  const addresses = model
    .sorted()
    .filter(({ status }) => status !== 'gone')
    .map(({ address }) => address);
  for (const { spots } of stations) {
    for (const { node } of spots) if (!addresses.includes(node)) addresses.push(node);
  }
  return addresses;
}

function drawHead(target, model, columns) {
  patch(
    target,
    columns,
    (address) => address,
    () => element('span', 'node'),
    (child, address) => {
      paint(child, model.hue(address));
      setText(child, model.label(address));
    },
  );
}

function drawStations(target, model, stations, columns, id) {
  const rows = stations.map((station, index) => ({
    ...station,
    key: `${id} ${index}`,
    legs: legsOf(stations, index),
    isLast: index === stations.length - 1,
  }));
  patch(
    target,
    rows,
    ({ key }) => key,
    makeRow,
    (child, row) => drawRow(child, row, model, columns),
  );
}

function makeRow() {
  return element('li', 'station', element('span', 'what'), element('div', 'lanes'));
}

function drawRow(child, { title, ms, spots, legs, isLast, kind, text }, model, columns) {
  setClass(child, `station ${kind}${isLast ? ' last' : ''}`);
  const [what, lanes] = child.children;
  setText(what, `${title} +${ms} ms`);
  const at = (node) => columns.indexOf(node) + 1;
  const parts = [
    ...columns.map((node) => ({
      key: `line ${node}`,
      className: 'line',
      from: at(node),
      to: at(node),
    })),
    ...legs.map(({ from, to }, index) => ({
      key: `leg ${from} ${to}`,
      className: `leg ${at(from) < at(to) ? 'right' : 'left'} level${Math.min(index, maxLegs - 1)}`,
      from: Math.min(at(from), at(to)),
      to: Math.max(at(from), at(to)),
    })),
    ...spots.map(({ node, names }) => ({
      key: `spot ${node}`,
      className: 'spot',
      from: at(node),
      to: at(node),
      node,
      text: names.join(', ') || text || 'here',
    })),
  ];
  patch(
    lanes,
    parts,
    ({ key }) => key,
    () => element('span'),
    (part, { className, from, to, node, text: says }) =>
      drawPart(part, model, { className, from, to, node, says }),
  );
}

function drawPart(part, model, { className, from, to, node, says }) {
  setClass(part, className);
  part.style.gridColumn = `${from} / ${to + 1}`;
  part.style.setProperty('--span', String(to - from + 1));
  if (!node) return part.setAttribute('aria-hidden', 'true');
  paint(part, model.hue(node));
  if (!part.firstChild) part.append(element('b'), element('small'));
  setText(part.firstChild, says);
  setText(part.lastChild, `on ${model.label(node)}`);
}

export { stationsOf };
