// Users who post over HTTP and wait at a node's door for as long as it takes. What became of a post that
// was not answered is found out later, by the same post again.
import type { TestNode } from '../tests/harness/Driver.ts';
import type { Login } from '../tests/harness/Login.ts';
import type { History } from './History.ts';

const WAIT_MS = 90_000;

interface Post {
  readonly room: string;
  readonly id: string;
  readonly text: string;
}

export class Poster {
  private readonly login: Login;
  private readonly history: History;
  private readonly unacked = new Set<Post>();
  private readonly waiting = new Set<Promise<unknown>>();
  private count = 0;

  constructor(login: Login, history: History) {
    this.login = login;
    this.history = history;
  }

  /** Sends at once and waits beside. */
  post(room: string, node: TestNode): void {
    this.count++;
    const id = `post-${this.count}`;
    const post = { room, id, text: `${this.login.user} posts ${this.count}` };
    this.unacked.add(post);
    const waiting = this.send(post, node, 1);
    this.waiting.add(waiting);
    void waiting.finally(() => this.waiting.delete(waiting));
  }

  /** Resolves once everything is acked. @throws Error when something is not in time */
  async settle(node: TestNode, withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    await Promise.all(this.waiting);
    for (let attempt = 2; this.unacked.size > 0; attempt++) {
      if (performance.now() > deadline) throw new Error(`${this.login.user} gets no acks`);
      await Promise.all([...this.unacked].map((post) => this.send(post, node, attempt)));
    }
  }

  private async send({ room, id, text }: Post, node: TestNode, attempt: number): Promise<void> {
    this.record({ op: 'send', room, id, text, attempt });
    const outcome = await this.call(node, { room, id, text });
    if (outcome === null || outcome.code === 'timeout' || outcome.status === 500) {
      this.record({ op: 'unknown', room, id });
    } else if (outcome.status >= 300) {
      this.record({ op: 'fail', room, id, code: outcome.code });
    } else {
      this.record({ op: 'ack', room, id, seq: outcome.seq, node: outcome.node });
      for (const post of this.unacked) if (post.id === id) this.unacked.delete(post);
    }
  }

  /** Null when the connection broke, or brought no answer. */
  private async call(node: TestNode, { room, id, text }: Post): Promise<any> {
    try {
      const response = await fetch(`${node.http}/rooms/${room}/messages`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${this.login.token}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ id, text }),
        signal: AbortSignal.timeout(WAIT_MS),
      });
      return { ...((await response.json()) as object), status: response.status };
    } catch {
      return null;
    }
  }

  private record(event: Parameters<History['record']>[1]): void {
    this.history.record(this.login.user, event);
  }
}
