// Asks each node's `/ready` over and over and says how it changes: who may be sent clients.
import { Agent, get } from 'node:http';

/**
 * - `ready`: answered 200
 * - `busy`: answered something else: it lives, and wants no clients now
 * - `silent`: no answer for two questions in a row; may be paused, overloaded or cut off
 * - `lost`: silent for so long that its clients should look elsewhere
 * - `gone`: nobody listens there
 */
export type Readiness = 'ready' | 'busy' | 'silent' | 'lost' | 'gone';

export interface Watched {
  readonly name: string;
  readonly host: string;
  readonly managementPort: number;
}

export interface ReadyWatchOptions {
  readonly onChange: (name: string, readiness: Readiness) => void;
  /** Pause between an answer and the next question, in milliseconds. Default 250. */
  readonly intervalMs?: number;
  /** The same while a node has not been ready yet. Default 40. */
  readonly startingIntervalMs?: number;
  /** How long an answer may take, in milliseconds. Default 1,000. */
  readonly timeoutMs?: number;
}

/** Unanswered questions in a row after which a node counts as `silent`, then as `lost`. */
const SILENT_AFTER = 2;
const LOST_AFTER = 3;

export class ReadyWatch {
  readonly #options: Required<ReadyWatchOptions>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #states = new Map<string, Readiness>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #closed = false;

  constructor(nodes: readonly Watched[], options: ReadyWatchOptions) {
    this.#options = { intervalMs: 250, startingIntervalMs: 40, timeoutMs: 1_000, ...options };
    for (const node of nodes) this.#ask(node, 0);
  }

  /** What is known of the node now; `gone` before its first answer. */
  readiness(name: string): Readiness {
    return this.#states.get(name) ?? 'gone';
  }

  /** Begins anew with a node that is known to have gone: its next `ready` is news again. */
  forget(name: string): void {
    this.#states.delete(name);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#agent.destroy();
  }

  async #ask(node: Watched, unanswered: number): Promise<void> {
    const answer = await this.#question(node);
    if (this.#closed) return;
    const missed = answer === 'none' ? unanswered + 1 : 0;
    this.#note(node.name, answer, missed);
    const { intervalMs, startingIntervalMs } = this.#options;
    const everReady = this.#states.has(node.name);
    const pause = everReady ? intervalMs : startingIntervalMs;
    this.#timers.set(
      node.name,
      setTimeout(() => this.#ask(node, missed), pause),
    );
  }

  #note(name: string, answer: 'ready' | 'busy' | 'gone' | 'none', missed: number): void {
    const before = this.readiness(name);
    let now = before;
    if (answer !== 'none') now = answer;
    else if (missed >= LOST_AFTER) now = 'lost';
    else if (missed >= SILENT_AFTER && before !== 'lost') now = 'silent';
    if (now === before) return;
    // A node that starts is `gone`, then `busy`; only from its first `ready` on it has a history.
    if (!this.#states.has(name) && now !== 'ready') return;
    this.#states.set(name, now);
    this.#options.onChange(name, now);
  }

  #question(node: Watched): Promise<'ready' | 'busy' | 'gone' | 'none'> {
    return new Promise((resolve) => {
      const request = get(
        { host: node.host, port: node.managementPort, path: '/ready', agent: this.#agent },
        (response) => {
          response.resume();
          // An answer that breaks off is a process that ends; the next question will be refused.
          response.once('error', () => resolve('none'));
          response.once('end', () => resolve(response.statusCode === 200 ? 'ready' : 'busy'));
        },
      );
      request.setTimeout(this.#options.timeoutMs, () => request.destroy());
      request.once('error', (error: NodeJS.ErrnoException) =>
        resolve(error.code === 'ECONNREFUSED' ? 'gone' : 'none'),
      );
    });
  }
}
