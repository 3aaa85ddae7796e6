// What the page says, and how it judges what the user says: pure functions.

export const NAME = /^[a-z0-9][a-z0-9_-]{0,31}$/; // users and rooms
const MOST_BYTES = 8_192;
const MOST_FRAME_BYTES = 16_000; // the server reads 16 KiB; quoting makes a text longer
const GROUP_MS = 300_000;

const byteLength = (text) => new TextEncoder().encode(text).length;

/** Bytes over the limit, if positive. */
export function bytesOver(text) {
  const frameBytes = byteLength(JSON.stringify(text)) + 200;
  return Math.max(byteLength(text) - MOST_BYTES, frameBytes - MOST_FRAME_BYTES);
}

export function sameDay(a, b) {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

/** Whether `message` opens a group: another author, another day, or five minutes of silence. */
export function startsGroup(previous, { from, at }) {
  if (previous?.from !== from || !sameDay(previous.at, at)) return true;
  return new Date(at) - new Date(previous.at) > GROUP_MS;
}

export function dayLabel(at, now = new Date()) {
  const yesterday = new Date(now).setDate(now.getDate() - 1);
  if (sameDay(at, now)) return 'Today';
  if (sameDay(at, yesterday)) return 'Yesterday';
  return new Date(at).toLocaleDateString([], { dateStyle: 'full' });
}

/** A hue in degrees; names that differ in a digit lie far apart. */
export function hue(name) {
  let sum = 7;
  for (const char of name) sum = (sum * 31 + char.charCodeAt(0) * 137) % 360;
  return sum;
}

export function connectionWords(state, now = Date.now(), online = true) {
  if (state.name === 'live') return state.quiet ? 'no answer yet, reconnect' : 'live';
  if (state.name !== 'waiting') return state.name;
  const seconds = Math.max(0, Math.ceil((state.until - now) / 1000));
  return `${online ? '' : 'offline, '}retrying in ${seconds} s`;
}
