// Keeps one WebSocket to the chat alive: connects, notices silence, waits and tries again.

const SETTLED_MS = 5_000; // after this, retries start from zero
const WELCOME_LIMIT_MS = 8_000;
const QUIET_MS = 4_000;
const DEAD_MS = 17_000; // the server answers within 15 s
const IDLE_MS = 20_000;
const COME_BACK = [1001, 1012, 1013]; // going away, restarting, too slow a reader
const EXPIRED = 4401;

/** Before a retry: nothing at first, then half to all of 0.5 s, 1 s, 2 s … 15 s. */
export function backoffMs(attempt, random = Math.random) {
  const mostMs = attempt && Math.min(15_000, 250 * 2 ** attempt);
  return Math.round(mostMs * (0.5 + random() / 2));
}

const wallClock = {
  now: Date.now,
  after: (ms, fn) => clearTimeout.bind(null, setTimeout(fn, ms)),
};

export class Connection {
  /** `stopped` (reason), `connecting`, `live` (node, session, quiet) or `waiting` (until). */
  state = { name: 'stopped' };
  #socket = null;
  #attempt = 0;
  #liveSince = 0;
  #heardAt = 0;
  #owedSince = 0; // when we sent what has had no answer; 0: nothing is owed
  #cancelTimer = () => {};

  /** `on`: `state`, `frame`, `refused` (closed before the welcome), `idle` (20 s: ask something). */
  constructor(open, on, clock = wallClock, random = Math.random) {
    Object.assign(this, { open, on, clock, random });
  }

  stop(reason) {
    this.#drop();
    this.#become({ name: 'stopped', reason });
  }

  /** Starts, or waits no longer: not for the next retry, nor for a quiet node. */
  connectNow() {
    const { name, quiet } = this.state;
    if (quiet || name === 'waiting' || name === 'stopped') this.#connect();
  }

  /** Does nothing unless live: what matters is said again after the welcome. */
  send(frame) {
    if (this.state.name !== 'live') return;
    this.#socket.send(JSON.stringify(frame));
    this.#owedSince ||= this.clock.now();
  }

  #connect() {
    this.#drop();
    this.#owedSince = this.clock.now();
    this.#socket = this.open();
    this.#socket.onmessage = ({ data }) => this.#heard(JSON.parse(data));
    this.#socket.onclose = ({ code }) => this.#lost(code);
    this.#become({ name: 'connecting' });
    this.#tick();
  }

  /** Does not await the close: a dead peer would never answer. */
  #drop() {
    this.#cancelTimer();
    if (!this.#socket) return;
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }

  #heard(frame) {
    this.#heardAt = this.clock.now();
    this.#owedSince = 0;
    if (frame.type === 'welcome') {
      if (this.state.name !== 'live') this.#liveSince = this.#heardAt;
      const { node, session } = frame;
      this.#become({ name: 'live', node, session, quiet: false });
    } else if (this.state.quiet) this.#become({ ...this.state, quiet: false });
    this.on.frame(frame);
  }

  #lost(code) {
    this.#drop();
    if (code === EXPIRED) return this.stop('expired');
    const now = this.clock.now();
    const livedMs = this.state.name === 'live' ? now - this.#liveSince : 0;
    if (livedMs > (COME_BACK.includes(code) ? 1_000 : SETTLED_MS)) this.#attempt = 0;
    const delayMs = backoffMs(this.#attempt++, this.random);
    const refused = this.state.name === 'connecting';
    this.#become({ name: 'waiting', until: now + delayMs });
    this.#cancelTimer = this.clock.after(delayMs, () => this.#connect());
    if (refused) this.on.refused();
  }

  #tick() {
    const live = this.state.name === 'live';
    const now = this.clock.now();
    const owedMs = this.#owedSince && now - this.#owedSince;
    if (owedMs > (live ? DEAD_MS : WELCOME_LIMIT_MS)) return this.#lost(1006);
    this.#cancelTimer = this.clock.after(1_000, () => this.#tick());
    if (!live) return;
    if (!this.state.quiet && owedMs > QUIET_MS) this.#become({ ...this.state, quiet: true });
    if (!owedMs && now - this.#heardAt > IDLE_MS) this.on.idle();
  }

  #become(state) {
    this.state = state;
    this.on.state(state);
  }
}
