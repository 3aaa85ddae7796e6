// The way to the node: its events, as long as it lives, and again when it is back; and what it
// answers when it is asked for members and shards.

/** Milliseconds to the next try, by the number of those that have failed. */
const waits = [1000, 2000, 3000, 5000];
/** Milliseconds from an event to the question what it has changed. */
const settleMs = 250;
/** Milliseconds between two questions for what no event tells: which entities run. */
const pollMs = 4000;
/** Of the time, at most this part is spent on answers: they cost the nodes something too. */
const pollShare = 0.05;
const maxPollMs = 60_000;
/** Milliseconds until a node that did not answer is asked again. */
const askSilentMs = 1000;

const names = ['members', 'node', 'member', 'leader', 'self', 'shard', 'hop', 'hops-lost'];
const asks = new Set(['members', 'member', 'shard', 'leader']);

export class Feed {
  /**
   * `connecting`; `live`; `silent`: connected, but questions are not answered; `waiting` with `until`, in
   * milliseconds since 1970.
   */
  state = { name: 'connecting' };
  #listener;
  #source = null;
  #failures = 0;
  #timer = 0;
  #poll = 0;
  #pollAt = 0;
  #asking = false;
  #askAgain = false;

  /**
   * `listener`: `event(name, data)`, `members(data)`, `types(types)`,
   * `shards(type, numShards, shards)`, `asked(at)` when all has been told as it was at that time or
   * later, and `changed()` when `state` has.
   */
  constructor(listener) {
    this.#listener = listener;
    document.addEventListener('visibilitychange', () => document.hidden || this.#pollIn(0));
  }

  connect() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#become({ name: 'connecting' });
    const source = new EventSource('/events?scope=cluster');
    this.#source = source;
    for (const name of names) {
      source.addEventListener(name, (event) => {
        if (source !== this.#source) return;
        if (name === 'members') {
          this.#failures = 0;
          this.#become({ name: 'live' });
        }
        this.#heard();
        this.#listener.event(name, JSON.parse(event.data));
        if (asks.has(name)) this.#pollIn(settleMs);
      });
    }
    // The browser would try again by itself, but would not say when.
    source.onerror = () => source === this.#source && this.#lost();
  }

  #lost() {
    this.#source.close();
    this.#source = null;
    clearTimeout(this.#poll);
    this.#pollAt = 0;
    const ms = waits[Math.min(this.#failures++, waits.length - 1)];
    this.#become({ name: 'waiting', until: Date.now() + ms });
    this.#timer = setTimeout(() => this.connect(), ms);
  }

  #heard() {
    if (this.state.name === 'silent') this.#become({ name: 'live' });
  }

  #become(state) {
    this.state = state;
    this.#listener.changed();
  }

  /** Asks in `ms`, unless that is sooner already. */
  #pollIn(ms) {
    const at = Date.now() + ms;
    if (this.#source === null || this.state.name === 'connecting') return;
    if (this.#asking) this.#askAgain = true;
    if (this.#asking) return;
    if (this.#pollAt > Date.now() && this.#pollAt <= at) return;
    clearTimeout(this.#poll);
    this.#pollAt = at;
    this.#poll = setTimeout(() => this.#ask(), ms);
  }

  async #ask() {
    const startedAt = performance.now();
    const asOf = Date.now();
    this.#asking = true;
    this.#askAgain = false;
    const source = this.#source;
    try {
      if (!document.hidden) await this.#askAll();
      this.#listener.asked(asOf);
    } catch (error) {
      // One that is gone ends its events, too; one that stands still does not. A refusal is an answer.
      const isSilent = error.name === 'TimeoutError' && source === this.#source;
      if (isSilent && this.state.name === 'live') this.#become({ name: 'silent' });
    }
    this.#asking = false;
    this.#pollAt = 0;
    const worthMs = (performance.now() - startedAt) / pollShare;
    if (this.state.name === 'silent') this.#pollIn(askSilentMs);
    else if (this.#askAgain) this.#pollIn(settleMs);
    else this.#pollIn(Math.min(maxPollMs, Math.max(pollMs, worthMs)));
  }

  async #askAll() {
    this.#listener.members(await get('/cluster/members'));
    this.#heard();
    const { types, numShards } = await get('/cluster/shards');
    this.#listener.types(types);
    for (const type of types) {
      const { shards } = await get(`/cluster/shards?type=${encodeURIComponent(type)}`);
      this.#listener.shards(type, numShards[type], shards);
    }
  }
}

async function get(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(5000) });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}
