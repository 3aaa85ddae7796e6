// Draws a window of a room's messages: a few hundred nodes, however long the room is. It slides as
// the reader scrolls, and what is being read stays where it is.
import { messageItem } from './items.js';

const WINDOW = 240;
const STEP = 80;
const NEAR_PX = 800;
const PINNED_PX = 48;

const topOf = (node) => node.getBoundingClientRect().top;

export class MessageList {
  room = null;
  me = '';
  pinned = true; // the reader is at the newest message and stays there
  #newFrom = 0; // the seq under the "new" line
  #from = 1; // drawn: #from … #to
  #to = 0;

  /** `onTop`: all that is held is drawn, and the reader nears its start. */
  constructor(scroller, list, onTop, onMove) {
    Object.assign(this, { scroller, list, onTop, onMove });
    scroller.tabIndex = 0;
    scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.grown()).observe(scroller);
  }

  /** Starts at the newest message, or at the "new" line above `newFrom`. */
  show(room, newFrom) {
    this.room = room;
    this.#newFrom = newFrom;
    this.#from = Infinity;
    this.toEnd();
    const line = this.list.querySelector('.new');
    if (line) this.scroller.scrollTop += topOf(line) - topOf(this.scroller);
  }

  /** Something came after what is drawn, or the room to draw in has changed. */
  grown() {
    if (this.room && this.pinned) this.toEnd();
    else this.onMove();
  }

  toEnd() {
    const { last } = this.room;
    this.#draw(Math.max(Math.min(this.#from, last - STEP + 1), last - WINDOW + 1), last);
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.pinned = true;
    this.onMove();
  }

  older() {
    const from = Math.max(this.room.first, this.#from - STEP);
    this.#hold(() => this.#draw(from, Math.min(this.#to, from + WINDOW - 1)));
  }

  #newer() {
    const to = Math.min(this.room.last, this.#to + STEP);
    this.#hold(() => this.#draw(Math.max(this.#from, to - WINDOW + 1), to));
  }

  #scrolled() {
    if (!this.room?.last) return;
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const belowPx = scrollHeight - clientHeight - scrollTop;
    this.pinned = belowPx < PINNED_PX && this.#to >= this.room.last;
    if (scrollTop < NEAR_PX && this.#from > this.room.first) this.older();
    else if (scrollTop < NEAR_PX) this.onTop();
    else if (belowPx < NEAR_PX && this.#to < this.room.last) this.#newer();
    this.onMove();
  }

  /** Runs `change`, then puts the first message in view back where it was. */
  #hold(change) {
    const top = topOf(this.scroller);
    // the first may lose its day and move them
    const inView = [...this.list.children].slice(1).find((item) => topOf(item) >= top);
    const before = inView && topOf(inView);
    change();
    // Found again by number: a message is drawn anew when the one before it comes.
    const after = this.list.children[inView?.dataset.seq - this.#from];
    if (after) this.scroller.scrollTop += topOf(after) - before;
  }

  /** Makes the list hold exactly the messages `from … to`. */
  #draw(from, to) {
    from = Math.max(from, this.room.first);
    if (from > this.#to || to < this.#from) {
      this.list.replaceChildren(...this.#items(from, to));
    } else {
      for (; this.#from < from; this.#from++) this.list.firstChild.remove();
      for (; this.#to > to; this.#to--) this.list.lastChild.remove();
      if (from < this.#from) {
        this.list.firstChild.remove();
        this.list.prepend(...this.#items(from, this.#from));
      }
      this.list.append(...this.#items(this.#to + 1, to));
    }
    this.#from = from;
    this.#to = to;
  }

  *#items(from, to) {
    for (let seq = from; seq <= to; seq++) {
      yield messageItem(this.room.at(seq), this.room.at(seq - 1), this.me, seq === this.#newFrom);
    }
  }
}
