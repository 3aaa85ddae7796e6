// Puts the page together: frames, what the user does, what is drawn.
import { Connection } from './connection.js';
import { unsentItem } from './items.js';
import { MessageList } from './message-list.js';
import { Outbox } from './outbox.js';
import { RoomStore } from './room-store.js';
import { $, say, showConnection, showNodes, showPage, showRoom, showRooms } from './view.js';
import { bytesOver, NAME } from './words.js';

const USER = 'chat/user';

let user = '';
let rooms;
let outbox;
const drafts = {};
let open = ''; // the room on the screen
let loading = false;
let problem = ''; // why older messages did not load

const connection = new Connection(
  () => new WebSocket(`${location.origin.replace('http', 'ws')}/ws`),
  {
    state: stateChanged,
    frame: (frame) => frames[frame.type]?.(frame),
    refused: () => call(`/rooms/${open || 'lobby'}/messages?limit=1`).catch(() => {}), // was it a 401?
    idle: probe,
  },
);
const list = new MessageList($('#scroller'), $('#messages'), loadOlder, moved);

const frames = {
  welcome(frame) {
    const note = `Here ${frame.user} logged in. A second person needs a private window.`;
    if (frame.user !== user) return logOut(note);
    for (const room of rooms.all()) if (!room.joined) join(room);
  },

  joined(frame) {
    const room = rooms.get(frame.room);
    if (!room) return;
    const result = room.onJoined(frame);
    if (result === 'rewound') return join(room);
    for (const { from, id } of frame.messages) if (from === user) outbox.drop(id);
    settle(room);
    if (room.name === open) {
      if (result === 'reset') show(room);
      drawTop();
      drawUnsent();
    }
    flush(room.name);
    drawRooms();
  },

  message(frame) {
    const room = rooms.get(frame.room);
    const result = room?.onMessage(frame);
    if (result === 'gap') join(room);
    if (result !== 'new') return;
    const own = frame.from === user;
    if (own && room.unread === 1) room.read = room.last;
    if (own) outbox.drop(frame.id);
    if (room.name !== open || list.pinned) room.trim(1_000);
    if (room.name === open) {
      if (!own) say(`${frame.from}: ${frame.text}`);
      drawTop();
      drawUnsent();
    }
    drawRooms();
  },

  ack({ id, room: name, seq, node }) {
    const room = rooms.get(name);
    outbox.ack(id, seq);
    if (!room) return;
    room.node = node;
    settle(room);
    flush(name);
    drawUnsent();
    drawNodes();
  },

  error({ code, message, room: name, id }) {
    const room = rooms.get(name);
    if (room && (!id || code === 'not-joined')) {
      room.joined = false;
      setTimeout(() => room.joined || join(room), id ? 0 : 2_000);
    }
    if (!id) return $('#hint').replaceChildren(`${name ?? ''} ${message}`);
    outbox.refuse(id, code, message);
    if (outbox.get(id)?.state === 'failed') say(`Not sent: ${message}`);
    drawUnsent();
  },
};

function join(room) {
  connection.send({ type: 'join', room: room.name, since: room.last ?? undefined });
}

/** Asks for what we have: an answer says that the socket lives. */
function probe() {
  const room = rooms.get(open) ?? rooms.all()[0];
  if (room) join(room);
}

/** What is acknowledged and in the history needs no copy. */
function settle(room) {
  for (const { id, state, seq } of outbox.of(room.name)) {
    if (state === 'acked' && seq <= room.last) outbox.drop(id);
  }
}

function flush(name) {
  if (connection.state.name !== 'live' || !rooms.get(name)?.joined) return;
  const entry = outbox.take(name);
  if (!entry) return;
  connection.send({ type: 'send-message', room: name, id: entry.id, text: entry.text });
}

function stateChanged(state) {
  if (!user) return;
  if (state.reason) return logOut('Your login has expired. What was not sent is kept.');
  if (state.name === 'live') {
    say(state.quiet ? 'No answer yet' : `Connected to ${state.node}`);
  } else {
    for (const room of rooms.all()) room.joined = false;
    outbox.requeue();
    if (state.name === 'waiting') say('Connection lost, trying again');
  }
  showConnection(state);
  drawNodes();
  drawUnsent();
}

async function call(path, options) {
  const response = await fetch(path, options);
  if (response.status === 401) connection.stop('expired');
  const body = await response.json();
  if (!response.ok) throw new Error(body.detail ?? body.title);
  return body;
}

async function loadOlder(asked) {
  const room = rooms.get(open);
  if (!room?.last || room.first <= 1 || loading || (problem && !asked)) return;
  loading = true;
  problem = '';
  try {
    const page = await call(`/rooms/${open}/messages?before=${room.first}`);
    if (room.onOlder(page.messages) && room.name === open) list.older();
  } catch (error) {
    problem = `Older messages did not load: ${error.message}`;
  }
  loading = false;
  drawTop();
}

const drawRooms = () => showRooms(rooms, open);

function drawNodes() {
  const { node, session } = connection.state;
  showNodes([node, session, rooms.get(open)?.node]);
}

/** What stands above the first message. */
function drawTop() {
  const { name, last, first, missed } = rooms.get(open) ?? {};
  const [text, button] = $('#top').children;
  button.hidden = !last || first <= 1;
  if (last === null) text.textContent = 'Joining…';
  else if (last === 0) text.textContent = `Nothing has been said in ${name} yet. Say hello.`;
  else if (first === 1) text.textContent = `This is where ${name} begins.`;
  else text.textContent = problem || (missed ? `${missed} more came while you were away.` : '');
}

function drawUnsent() {
  const room = rooms.get(open);
  if (!room) return;
  const focused = document.activeElement.closest('[data-id]')?.dataset.id;
  let previous = room.messages.at(-1);
  const items = outbox.of(open).map((entry) => {
    const made = unsentItem(entry, previous, user);
    previous = { ...entry, from: user };
    return made;
  });
  $('#unsent').replaceChildren(...items);
  if (focused) ($(`[data-id="${focused}"] button`) ?? $('#text')).focus();
  if (list.room === room) list.grown();
}

/** Scrolled or grown: what is in view is read. */
function moved() {
  const room = rooms?.get(open);
  if (!room) return;
  if (list.pinned && !document.hidden && room.unread) {
    room.read = room.last;
    rooms.save();
    drawRooms();
  }
  $('#latest').hidden = list.pinned;
  $('#latest').textContent = `↓ ${room.unread ? `${room.unread} new` : 'Latest'}`;
}

function show(room) {
  list.show(room, room.messages.find(({ seq, from }) => seq > room.read && from !== user)?.seq);
}

/** The address says which room is open: "back" works, and a link leads into a room. */
function route() {
  if (!user) return;
  drafts[open] = $('#text').value;
  const name = location.hash.slice(1);
  open = NAME.test(name) ? name : '';
  problem = $('#hint').textContent = '';
  if (open && !rooms.get(open)) {
    rooms.add(open);
    join(rooms.get(open));
  }
  const room = rooms.get(open);
  showRoom(room);
  drawRooms();
  drawNodes();
  if (!room) return ($('#rooms a') ?? $('#room-name')).focus();
  $('#text').value = drafts[open] ?? '';
  show(room);
  drawTop();
  drawUnsent();
  $(matchMedia('(pointer: coarse)').matches ? '#title' : '#text').focus();
}

function leave() {
  const unsent = outbox.of(open);
  if (unsent.length && !confirm(`Leave ${open} and discard ${unsent.length} unsent?`)) return;
  for (const { id } of unsent) outbox.drop(id);
  connection.send({ type: 'leave', room: open });
  rooms.remove(open);
  location.hash = '';
}

function send() {
  const text = $('#text').value.trim().toWellFormed();
  if (!text) return;
  const over = bytesOver(text);
  $('#hint').textContent = over > 0 ? `Too long by ${over} bytes.` : '';
  if (over > 0) return;
  outbox.add(open, text);
  $('#text').value = '';
  flush(open);
  drawUnsent();
  list.toEnd();
}

function enter(name) {
  user = list.me = name;
  localStorage.setItem(USER, user);
  rooms = new RoomStore(user, localStorage);
  outbox = new Outbox(user, localStorage);
  showPage(user);
  const [first] = rooms.all();
  if (!location.hash && first && innerWidth > 640) history.replaceState(null, '', `#${first.name}`);
  route();
  connection.connectNow();
}

function logOut(note) {
  user = '';
  localStorage.removeItem(USER);
  connection.stop();
  showPage(user, note);
}

function on(selector, type, fn) {
  $(selector).addEventListener(type, (event) => {
    if (type === 'submit') event.preventDefault();
    fn(event);
  });
}

/** The name typed into a form, if it can be one. */
function typed(form) {
  const name = $(`${form} input`).value.trim().toLowerCase();
  const valid = NAME.test(name);
  const note = valid ? '' : 'Only a–z, 0–9, - and _, with a letter or digit first.';
  $(`${form} .note`).textContent = note;
  return valid && name;
}

on('#login form', 'submit', async () => {
  const user = typed('#login');
  if (!user) return;
  const headers = { 'content-type': 'application/json' };
  try {
    await call('/login', { method: 'POST', headers, body: JSON.stringify({ user }) });
    enter(user);
  } catch (error) {
    $('#login .note').textContent = `Could not enter: ${error.message}`;
  }
});
on('#join', 'submit', () => {
  const name = typed('#join');
  if (!name) return;
  $('#room-name').value = '';
  location.hash = name;
});
on('#switch', 'click', () => {
  localStorage.removeItem(USER);
  location.href = '/';
});
on('#leave', 'click', leave);
on('#top button', 'click', () => loadOlder(true));
on('#latest', 'click', () => list.toEnd());
on('#composer', 'submit', send);
on('#text', 'keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});
on('#unsent', 'click', ({ target }) => {
  if (target.tagName !== 'BUTTON') return;
  const { id } = target.closest('[data-id]').dataset;
  if (target.classList.contains('discard')) outbox.drop(id);
  else outbox.retry(id);
  flush(open);
  drawUnsent();
});
on('#chat', 'click', ({ target }) => target.closest('.conn button') && connection.connectNow());
addEventListener('keydown', (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!user || !step || !event.altKey) return;
  event.preventDefault();
  const links = [...document.querySelectorAll('#rooms a')];
  links.at((links.findIndex((link) => link.ariaCurrent) + step) % links.length)?.click();
});

/** Something changed outside: find out at once what that did to the socket. */
function look() {
  if (!user) return;
  moved();
  connection.connectNow();
  if (connection.state.name === 'live') probe();
}
addEventListener('hashchange', route);
addEventListener('online', look);
addEventListener('offline', look);
addEventListener('visibilitychange', () => document.hidden || look());
setInterval(() => {
  if (!user) return;
  showConnection(connection.state);
  for (const { name } of rooms.all()) flush(name);
}, 500);

const known = localStorage.getItem(USER);
if (known) enter(known);
else showPage();
