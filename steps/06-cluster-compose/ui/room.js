// What the page knows of a room: a run of messages without a hole, and how far it was read.

export class Room {
  messages = [];
  last = null; // highest seq without a gap before it; null until joined
  joined = false; // the present socket has been answered `joined`
  node = ''; // acknowledged our latest message here
  missed = 0; // came during an absence, not fetched yet

  /** `read`: highest seq the user has seen; null if never opened. */
  constructor(name, read = null) {
    this.name = name;
    this.read = read;
  }

  get first() {
    return this.messages[0]?.seq ?? this.last + 1;
  }

  get unread() {
    return this.read === null ? 0 : Math.max(0, this.last - this.read);
  }

  at(seq) {
    return this.messages[seq - this.first];
  }

  /** `resumed`, `reset` (draw anew), or `rewound`: its journal was emptied, join from nothing. */
  onJoined({ head, messages }) {
    const before = this.last;
    this.joined = true;
    if (head < before) {
      this.messages = [];
      this.last = null;
      this.read = Math.min(this.read, head);
      return 'rewound';
    }
    const news = messages.filter(({ seq }) => seq > before);
    const start = news[0]?.seq ?? head + 1;
    this.last = news.at(-1)?.seq ?? head;
    if (before !== null && start === before + 1) {
      this.messages.push(...news);
      return 'resumed';
    }
    this.missed = before === null ? 0 : start - before - 1;
    this.messages = news;
    this.read ??= this.last;
    return 'reset';
  }

  /** `new`, `known`, or `gap`: some are missing, join again. */
  onMessage(message) {
    if (this.last === null || message.seq <= this.last) return 'known';
    if (message.seq > this.last + 1) return 'gap';
    this.messages.push(message);
    this.last = message.seq;
    return 'new';
  }

  /** Puts in front what joins on there; says how many. */
  onOlder(older) {
    const fit = older.filter(({ seq }) => seq < this.first);
    if (fit.at(-1)?.seq !== this.first - 1) return 0;
    this.messages.unshift(...fit);
    this.missed = Math.max(0, this.missed - fit.length);
    return fit.length;
  }

  /** Forgets the oldest beyond `most`, now and then. */
  trim(most) {
    if (this.messages.length > most * 1.5) this.messages.splice(0, this.messages.length - most);
  }
}
