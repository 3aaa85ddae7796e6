// Draws a message's way: a column for each node, a row for each station, a line for each leg that
// goes from one node to another.
import { element, paint, patch, setClass, setText } from './dom.js';
import { isMember } from './model.js';
import { legsOf, sentenceOf, stationsOf, titleOf } from './ways.js';
import { timeOf } from './words.js';

/** Legs of one station that are drawn apart; all others share the last one's height. */
const maxLegs = 4;

/**
 * @param message null: there is none yet, and `why` is shown
 * @param revealed how many stations are shown
 */
export function drawWay(picture, model, message, revealed, why) {
  const stations = message ? stationsOf(message).slice(0, revealed) : [];
  const columns = columnsOf(model, stations);
  picture.style.setProperty('--columns', String(Math.max(1, columns.length)));
  patch(
    picture,
    stations.length > 0 ? ['nodes', 'stations'] : ['why'],
    (part) => part,
    (part) => element({ nodes: 'div', stations: 'ol', why: 'p' }[part], part),
    (target, part) => {
      if (part === 'why') setText(target, why);
      else if (part === 'nodes') drawHead(target, model, columns);
      else drawStations(target, model, stations, columns, message.id);
    },
  );
}

/** The title of the message and its way in words. */
export function wayWords(model, message, revealed) {
  const stations = stationsOf(message).slice(0, revealed);
  return `${timeOf(stations[0].at)} ${titleOf(stations)}: ${sentenceOf(stations, (node) => model.label(node))}`;
}

function columnsOf(model, stations) {
  const passed = new Set(stations.flatMap(({ spots }) => spots.map(({ node }) => node)));
  const known = model.sorted().filter((node) => isMember(node) || passed.has(node.address));
  const addresses = known.map(({ address }) => address);
  return [...addresses, ...[...passed].filter((node) => !addresses.includes(node))];
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
    ...legsOf(stations, index),
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
  const what = element('span', 'what', element('b'), ' ', element('small'));
  return element('li', 'station', what, element('div', 'lanes'));
}

function drawRow(child, row, model, columns) {
  const { title, ms, spots, legs, stays, isLast, kind, text } = row;
  setClass(child, `station ${kind}${isLast ? ' last' : ''}`);
  const [what, lanes] = child.children;
  setText(what.firstChild, title);
  setText(what.lastChild, `+${ms} ms`);
  const at = (node) => columns.indexOf(node) + 1;
  const inColumn = (key, className, node, more = {}) => {
    return { key: `${key} ${node}`, className, from: at(node), to: at(node), ...more };
  };
  // The longest lies highest, so that those of one node do not cross.
  const length = ({ from, to }) => Math.abs(at(from) - at(to));
  const longestFirst = [...legs].sort((a, b) => length(b) - length(a));
  const towards = (from, to) => (at(from) < at(to) ? 'right' : 'left');
  const levelOf = (index) => `level${Math.min(index, maxLegs - 1)}`;
  const parts = [
    ...columns.map((node) => inColumn('line', 'line', node)),
    ...stays.map((node) => inColumn('stay', 'drop', node)),
    ...longestFirst.flatMap(({ from, to }, index) => [
      inColumn(`stem ${to}`, `stem ${towards(from, to)} ${levelOf(index)}`, from),
      inColumn(`drop ${from}`, `drop ${levelOf(index)}`, to),
      {
        key: `leg ${from} ${to}`,
        className: `leg ${towards(from, to)} ${levelOf(index)}`,
        from: Math.min(at(from), at(to)),
        to: Math.max(at(from), at(to)),
      },
    ]),
    ...spots.map(({ node, names }) =>
      inColumn('spot', 'spot', node, { node, says: names.join(', ') || text }),
    ),
  ];
  patch(
    lanes,
    parts,
    ({ key }) => key,
    () => element('span'),
    (part, what) => drawPart(part, model, what),
  );
}

function drawPart(part, model, { className, from, to, node, says }) {
  setClass(part, className);
  part.style.gridColumn = `${from} / ${to + 1}`;
  part.style.setProperty('--span', String(to - from + 1));
  if (!node) return part.setAttribute('aria-hidden', 'true');
  paint(part, model.hue(node));
  if (!part.firstChild) part.append(element('b'), ' ', element('small'));
  setText(part.firstChild, says);
  setText(part.lastChild, `on ${model.label(node)}`);
}

export { stationsOf };
