// Moves of shards that have not been told yet. A node's death moves many at once, by way of nowhere:
// they are gathered, so that each becomes one move, and those of one way one sentence.

/** Milliseconds that a shard may be without a home before it is worth a line. */
const arrivesMs = 3000;

export class Moves {
  #waiting = [];

  get isEmpty() {
    return this.#waiting.length === 0;
  }

  /** `from` and `to` are addresses, or null for nowhere; `at`: milliseconds since 1970. */
  add(type, shard, from, to, at) {
    const last = this.#waiting.findLast((move) => move.type === type && move.shard === shard);
    if (last?.to === null) Object.assign(last, { to, at });
    else this.#waiting.push({ type, shard, from, to, at });
  }

  /**
   * Takes out the moves up to `until`, those of one way together: `{ type, from, to, shards }`. What
   * has left is mostly about to arrive, so that waits a little longer.
   */
  take(until) {
    const ways = new Map();
    const isDue = ({ to, at }) => at <= (to === null ? until - arrivesMs : until);
    const due = this.#waiting.filter(isDue);
    this.#waiting = this.#waiting.filter((move) => !isDue(move));
    for (const { type, shard, from, to } of due) {
      if (from === to) continue;
      const way = ways.get(`${type} ${from} ${to}`) ?? { type, from, to, shards: [] };
      way.shards.push(shard);
      ways.set(`${type} ${from} ${to}`, way);
    }
    return [...ways.values()];
  }
}
