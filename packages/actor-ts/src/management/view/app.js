// Puts the page together: what the node says goes into the model, and the model onto the screen.
import { showControls } from './controls.js';
import { $, setText } from './dom.js';
import { Feed } from './feed.js';
import { Model } from './model.js';
import {
  drawConnection,
  drawFollow,
  drawMembers,
  drawSummary,
  drawTimeline,
  isUntraced,
  whyNoWay,
} from './panels.js';
import { drawShards } from './shards.js';
import { drawWay, stationsOf, wayWords } from './way.js';
import { Ways } from './ways.js';

/** Milliseconds after which moves of shards are told, also when nobody answers what they hold. */
const tellAnywayMs = 5000;
/** Milliseconds for which a message stands at least, so that it can be read while many pass. */
const standsMs = 800;
/** Milliseconds until the other nodes have said their names. */
const greetMs = 400;
/** Milliseconds from one picture to the next; nobody reads faster. */
const drawEveryMs = 80;
/** Milliseconds for each station in slow motion. */
const slowMs = 900;

const model = new Model();
const ways = new Ways();
let followed = null;
let paused = false;
let slow = false;
let greeting = 0;
let live = false;
let silent = false;
let lostAt = 0;
let movesTimer = 0;
let drawing = false;
let drawnAt = 0;
let unseen = 0;
/** The message on the screen, since when, and how many of its stations are shown. */
const shown = { message: null, since: 0, revealed: Number.POSITIVE_INFINITY };

const feed = new Feed({
  event(name, data) {
    if (paused && name !== 'node') unseen++;
    if (name === 'hop') ways.add(data);
    else model.onEvent(name, data);
    if (name === 'node' && !greeting) greeting = setTimeout(greet, greetMs);
    changed();
  },
  members(view) {
    model.onMembers(view);
    changed();
  },
  types(types) {
    model.onTypes(types);
    changed();
  },
  shards(type, numShards, shards) {
    model.onShards(type, numShards, shards);
    changed();
  },
  asked: tellMoves,
  changed() {
    const { name } = feed.state;
    if (name === 'live') {
      if (silent) model.onBack();
      lostAt = 0;
      live = true;
      silent = false;
    } else if (live) {
      live = false;
      silent = name === 'silent';
      lostAt = Date.now();
      model.onLost(silent);
    } else if (name === 'waiting') {
      silent = false;
    }
    changed();
  },
});

function greet() {
  model.greet();
  changed();
}

/** By then it is known which entities the shards hold. */
function tellMoves(until) {
  clearTimeout(movesTimer);
  movesTimer = 0;
  model.tellMoves(until);
  changed();
}

/** Draws soon, once for all that changes until then. */
function changed() {
  if (model.hasMoves && !movesTimer) movesTimer = setTimeout(tellMoves, tellAnywayMs, Infinity);
  if (drawing) return;
  drawing = true;
  const sinceMs = performance.now() - drawnAt;
  setTimeout(() => requestAnimationFrame(drawNow), Math.max(0, drawEveryMs - sinceMs));
}

function drawNow() {
  drawing = false;
  drawnAt = performance.now();
  draw();
}

function draw() {
  drawConnection(feed.state, model, Date.now());
  setText($('#pause'), paused ? `Go on (${unseen} new)` : 'Hold still');
  if (paused) return;
  drawSummary(model, lostAt);
  drawMembers(model);
  drawTimeline(model);
  drawFollow(model, followed);
  drawShards(model, followed, toggleFollow);
  chooseMessage();
  const { message, revealed } = shown;
  document.body.classList.toggle('untraced', isUntraced(model));
  drawWay($('#picture'), model, message, revealed, whyNoWay(model, followed));
  setText($('#way-words'), message ? wayWords(model, message, revealed) : '');
}

// ---- which message is shown ----------------------------------------------------------------------

/** The newest one; in slow motion one after the other, each to its end. */
function chooseMessage() {
  const all = ways.of(followed);
  const now = performance.now();
  const isThere = shown.message !== null && all.includes(shown.message);
  const newest = all.at(-1) ?? null;
  if (!isThere) return show(newest);
  if (newest === shown.message) return;
  if (now - shown.since < standsMs) return;
  if (!slow) return show(newest);
  if (shown.revealed < stationsOf(shown.message).length) return;
  show(all[all.indexOf(shown.message) + 1]);
}

function show(message) {
  shown.message = message;
  shown.since = performance.now();
  shown.revealed = slow ? 1 : Number.POSITIVE_INFINITY;
}

setInterval(() => {
  if (slow && !paused && shown.message !== null) {
    if (shown.revealed < stationsOf(shown.message).length) shown.revealed++;
    shown.since = performance.now() - standsMs;
  }
  changed();
}, slowMs);
// The countdown.
setInterval(() => drawConnection(feed.state, model, Date.now()), 250);

// ---- what the person does ------------------------------------------------------------------------

function follow(wanted) {
  followed = wanted;
  shown.message = null;
  changed();
}

function toggleFollow(type, entity) {
  const isOn = followed?.type === type && followed.entity === entity;
  follow(isOn ? null : { type, entity });
}

$('#follow').addEventListener('change', ({ target: { value } }) => {
  const slash = value.indexOf('/');
  follow(value === '' ? null : { type: value.slice(0, slash), entity: value.slice(slash + 1) });
});
$('#pause').addEventListener('click', ({ currentTarget }) => {
  paused = !paused;
  unseen = 0;
  currentTarget.ariaPressed = String(paused);
  document.body.classList.toggle('paused', paused);
  changed();
});
$('#slow').addEventListener('click', ({ currentTarget }) => {
  slow = !slow;
  currentTarget.ariaPressed = String(slow);
  shown.revealed = slow ? 1 : Number.POSITIVE_INFINITY;
  changed();
});
$('#connection button').addEventListener('click', () => feed.connect());

// What scrolls is reached by the keyboard.
for (const scroller of ['#picture', '#timeline [role=log]']) $(scroller).tabIndex = 0;

feed.connect();
showControls().catch((error) => console.warn('no buttons for the nodes:', error));
