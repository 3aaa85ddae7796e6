// What the user wrote and the server has not acknowledged, kept over reloads. One message a room is
// under way at a time: that keeps their order through every retry.

const RESEND_MS = 20_000; // the server gives up after 15 s and says so
const STALE_MS = 3_600_000; // what is older is not sent unasked
const MOST_TRIES = 8;

/** `crypto.randomUUID` is missing where the page came over plain HTTP. */
export function newId() {
  return crypto.randomUUID?.() ?? crypto.getRandomValues(new Uint32Array(4)).join('-');
}

/**
 * An entry is `queued`, `sending`, `acked` (durable; shown until its message arrives) or `failed`.
 * Each has its own storage key: two tabs never overwrite one another.
 */
export class Outbox {
  #entries = new Map();

  constructor(user, storage, now = Date.now) {
    this.prefix = `chat/${user}/out/`;
    this.storage = storage;
    this.now = now;
    const kept = Object.keys(storage).filter((key) => key.startsWith(this.prefix));
    for (const entry of kept.map((key) => JSON.parse(storage[key])).sort((a, b) => a.at - b.at)) {
      const isStale = entry.state === 'queued' && now() - entry.at > STALE_MS;
      this.#put(entry, isStale && { state: 'failed', reason: 'it is over an hour old' });
    }
  }

  of(room) {
    return [...this.#entries.values()].filter((entry) => entry.room === room);
  }

  get(id) {
    return this.#entries.get(id);
  }

  add(room, text) {
    this.#queue({ id: newId(), room, text });
  }

  /** What to send to `room` now; undefined when nothing may go. */
  take(room) {
    const entry = this.of(room).find(({ state }) => state === 'queued' || state === 'sending');
    if (!entry || entry.notBefore > this.now()) return;
    const notBefore = this.now() + RESEND_MS;
    return Object.assign(entry, { state: 'sending', tries: entry.tries + 1, notBefore });
  }

  ack(id, seq) {
    const entry = this.get(id);
    if (!entry) return;
    Object.assign(entry, { state: 'acked', seq });
    this.storage.removeItem(this.prefix + id);
  }

  /** The room's history holds it, or the user gave it up. */
  drop(id) {
    this.storage.removeItem(this.prefix + id);
    this.#entries.delete(id);
  }

  /** Full queues are tried again after growing pauses; the rest the user decides. */
  refuse(id, code, reason, random = Math.random) {
    const entry = this.get(id);
    if (!entry || entry.state === 'acked') return;
    const pauses = code === 'busy' || code === 'rate-limited';
    if (entry.tries >= MOST_TRIES || !(pauses || code === 'not-joined')) {
      return this.#put(entry, { state: 'failed', reason });
    }
    const pauseMs = pauses ? Math.min(10_000, 500 * 2 ** entry.tries) * (0.5 + random() / 2) : 0;
    Object.assign(entry, { state: 'queued', notBefore: this.now() + pauseMs });
  }

  /** To the end of the line, under its old id: it may be in the journal already. */
  retry(id) {
    const entry = this.get(id);
    if (entry?.state !== 'failed') return;
    this.#entries.delete(id);
    this.#queue(entry);
  }

  /** The socket is gone: what was under way goes again, with its id. */
  requeue() {
    for (const entry of this.#entries.values()) {
      if (entry.state === 'sending') Object.assign(entry, { state: 'queued', notBefore: 0 });
    }
  }

  #queue(entry) {
    this.#put(entry, { at: this.now(), state: 'queued', tries: 0, notBefore: 0 });
  }

  #put(entry, changes) {
    this.#entries.set(entry.id, Object.assign(entry, changes));
    this.storage.setItem(this.prefix + entry.id, JSON.stringify(entry));
  }
}
