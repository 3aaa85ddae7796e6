// Builds the list items of a conversation. Text goes in as text, never as markup.
import { dayLabel, hue, sameDay, startsGroup } from './words.js';

const clock = new Intl.DateTimeFormat([], { timeStyle: 'short' });

export function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** A name in its colour. */
export function colored(className, name) {
  const made = element('b', `named ${className}`, name);
  made.style.setProperty('--h', hue(name));
  return made;
}

function item(message, previous, own, state) {
  const { from, text, at } = message;
  const opens = startsGroup(previous, message);
  const made = element('li', `message ${own ? 'own' : ''} ${opens ? 'opens' : ''}`);
  if (!previous || !sameDay(previous.at, at)) made.append(element('h2', 'rule', dayLabel(at)));
  const date = new Date(at);
  const time = element('time', '', clock.format(date));
  time.dateTime = date.toISOString();
  const who = colored(own ? 'sr' : '', from);
  const line = element('div', 'line', ...(own ? [state] : []), element('div', 'bubble', text));
  made.append(element('p', opens ? 'meta' : 'sr', who, ' ', time), line);
  return made;
}

export function messageItem(message, previous, me, isNew) {
  const tick = element('span', 'state', '✓');
  tick.title = `In the journal as number ${message.seq}`;
  const made = item(message, previous, message.from === me, tick);
  made.dataset.seq = message.seq;
  if (isNew) made.prepend(element('p', 'rule new', 'New'));
  return made;
}

const STATES = { queued: 'waiting…', sending: 'sending…', acked: '✓', failed: '!' };

export function unsentItem(entry, previous, me) {
  const state = element('span', 'state', STATES[entry.state]);
  const made = item({ ...entry, from: me }, previous, true, state);
  made.classList.add(entry.state);
  made.dataset.id = entry.id;
  if (entry.state !== 'failed') return made;
  const retry = element('button', 'quiet', 'Retry');
  const discard = element('button', 'quiet discard', 'Discard');
  made.append(element('p', 'why', `Not sent: ${entry.reason}.`, retry, discard));
  return made;
}
