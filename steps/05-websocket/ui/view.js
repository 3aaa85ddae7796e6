// The page around the messages. Draws; decides nothing.
import { colored, element } from './items.js';
import { connectionWords } from './words.js';

export const $ = (selector) => document.querySelector(selector);

/** The page of `user`, or the login with a `note` why. */
export function showPage(user, note = '') {
  $('#login').hidden = Boolean(user);
  $('#chat').hidden = !user;
  $('#login .note').textContent = note;
  if (user) {
    $('#me').replaceChildren(colored('', user));
  } else {
    document.title = 'Chat';
    $('#user').focus();
  }
}

export function showRooms(rooms, open) {
  const list = $('#rooms');
  for (const { name, unread } of rooms.all()) {
    let link = list.querySelector(`[href="#${name}"]`);
    if (!link) {
      link = element('a', '', element('span', '', name), element('b'), element('span', 'sr'));
      link.href = `#${name}`;
      list.append(element('li', '', link));
    }
    link.ariaCurrent = name === open ? 'page' : null;
    link.children[1].textContent = unread || '';
    link.children[2].textContent = unread ? ' unread' : '';
  }
  for (const link of list.querySelectorAll('a')) {
    if (!rooms.get(link.hash.slice(1))) link.parentNode.remove();
  }
  document.title = `${rooms.unread ? `(${rooms.unread}) ` : ''}${open ? `${open} · ` : ''}Chat`;
}

export function showRoom(room) {
  document.body.classList.toggle('in-room', Boolean(room));
  $('#title').textContent = room?.name ?? 'Chat';
  $('#text').placeholder = $('#text').ariaLabel = `Message to ${room?.name}`;
}

export function showNodes(names) {
  for (const [i, place] of [...$('#nodes').children].entries()) {
    place.lastChild.replaceWith(names[i] ? colored('', names[i]) : '–');
  }
}

export function showConnection(state) {
  const words = connectionWords(state, Date.now(), navigator.onLine);
  const stuck = state.name === 'waiting' || state.quiet;
  for (const badge of document.querySelectorAll('.conn')) {
    badge.className = `conn ${stuck ? 'stuck' : state.name}`;
    badge.firstChild.textContent = words;
    badge.lastChild.hidden = !stuck;
  }
}

/** For screen readers. */
export function say(text) {
  $('#says').textContent = text;
}
