// A logged-in user over HTTP: what a client without a socket can do.
import { SignJWT } from 'jose';
import type { TestNode } from './Driver.ts';

export interface Message {
  readonly seq: number;
  readonly id: string;
  readonly from: string;
  readonly text: string;
  readonly at: string;
}

export interface Posted {
  readonly room: string;
  readonly id: string;
  readonly seq: number;
  readonly node: string;
}

let names = 0;
/** A name that no other test of this run has. */
export function fresh(prefix: string): string {
  names++;
  return `${prefix}-${process.pid.toString(36)}-${names}`;
}

export class Login {
  readonly node: TestNode;
  readonly user: string;
  readonly token: string;

  constructor(node: TestNode, user: string, token: string) {
    this.node = node;
    this.user = user;
    this.token = token;
  }

  static async as(user: string, node: TestNode): Promise<Login> {
    const { status, body } = await call(node, 'POST', '/login', { user });
    if (status !== 200) throw new Error(`login as ${user}: ${status} ${JSON.stringify(body)}`);
    return new Login(node, user, body.token);
  }

  /** The same user at another node. */
  at(node: TestNode): Login {
    return new Login(node, this.user, this.token);
  }

  call(method: string, path: string, body?: unknown): Promise<Answer> {
    return call(this.node, method, path, body, { authorization: `Bearer ${this.token}` });
  }

  post(room: string, id: string, text: string): Promise<Answer> {
    return this.call('POST', `/rooms/${room}/messages`, { id, text });
  }

  async history(room: string, query = ''): Promise<{ head: number; messages: Message[] }> {
    const { status, body } = await this.call('GET', `/rooms/${room}/messages${query}`);
    if (status !== 200) throw new Error(`history of ${room}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** All messages of a room, page by page. */
  async allOf(room: string): Promise<Message[]> {
    const all: Message[] = [];
    for (;;) {
      const { head, messages } = await this.history(room, `?since=${all.length}&limit=500`);
      all.push(...messages);
      if (all.length >= head || messages.length === 0) return all;
    }
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any;
}

/** One HTTP call; a string body is sent as it is. */
export async function call(
  node: TestNode,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(node.http + path, {
    method,
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    body: body === undefined || typeof body === 'string' ? (body ?? null) : JSON.stringify(body),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    body: isJson && text !== '' ? JSON.parse(text) : text,
  };
}

/** A token as the chat would sign it with `secret`, or would not. */
export function tokenFor(user: string, secret: string, expires: string | number, alg = 'HS256') {
  const key = new TextEncoder().encode(secret);
  return new SignJWT()
    .setProtectedHeader({ alg })
    .setSubject(user)
    .setExpirationTime(expires)
    .sign(key);
}
