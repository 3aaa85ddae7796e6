// A client that takes its time: the node has begun to read its request, and has to wait for the rest.
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { TestNode } from './Driver.ts';
import type { Login } from './Login.ts';

export class SlowPost {
  private readonly request: ClientRequest;
  private readonly outcome: Promise<number | string>;

  private constructor(pending: ClientRequest) {
    this.request = pending;
    this.outcome = new Promise((resolve) => {
      pending.on('response', (response: IncomingMessage) => {
        response.resume();
        resolve(response.statusCode!);
      });
      pending.on('error', (error) => resolve(error.message));
    });
  }

  /** Resolves once the node has the request's head. */
  static async begin({ node, token }: Login, room: string): Promise<SlowPost> {
    const pending = request(`${node.http}/rooms/${room}/messages`, {
      method: 'POST',
      agent: false,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'transfer-encoding': 'chunked',
        expect: '100-continue',
      },
    });
    pending.flushHeaders();
    await once(pending, 'continue');
    return new SlowPost(pending);
  }

  /** Sends the body. @returns the answer's status, or why there was none */
  end(body: object): Promise<number | string> {
    this.request.end(JSON.stringify(body));
    return this.outcome;
  }
}

/** Whether somebody answers new connections at the node's HTTP port; a container's port is open always. */
export function isOpen({ http }: TestNode): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request(http, { agent: false }, (response) => {
      response.destroy();
      resolve(true);
    });
    asking.on('error', () => resolve(false));
    asking.end();
  });
}
