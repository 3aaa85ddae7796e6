// The cluster view of a run on this machine: one address, whichever node answers, and buttons that kill,
// pause and start nodes. They are here and not in the nodes, since one that stands still cannot let
// itself go on. Everything else is asked of a node and passed on as it comes.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { LOOPBACK } from './ports.ts';

export type NodeState = 'running' | 'paused' | 'stopped';

export const ACTIONS = ['kill', 'pause', 'resume', 'start'] as const;
export type Action = (typeof ACTIONS)[number];

export interface ViewedNode {
  readonly name: string;
  readonly state: NodeState;
  readonly management: number;
  /** It answers, and counts itself as a member. */
  readonly isReady: boolean;
}

/** The nodes behind the view, and what can be done to them. */
export interface Viewed {
  readonly nodes: readonly ViewedNode[];
  /** @returns why not, in words, or null once it is done */
  act(name: string, action: Action): string | null;
}

const CONTROLS = '/view/controls';
/** Names of this machine: another one in `Host` is a page elsewhere that had its name point here. */
const OWN_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

export class ViewDoor {
  readonly #viewed: Viewed;
  readonly #server: Server;
  /** The node that answers now, as long as it does: a page should not change its mind with each question. */
  #current = '';
  /** What a node is sending, by its name. */
  readonly #open = new Map<ServerResponse, string>();

  constructor(viewed: Viewed) {
    this.#viewed = viewed;
    this.#server = createServer((incoming, outgoing) => this.#serve(incoming, outgoing));
  }

  /** Resolves with the port in use (0 asks the system for one); rejects when it is taken. */
  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, LOOPBACK, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Ends what this node is sending, so that pages ask again and another one answers. */
  drop(name: string): void {
    for (const [outgoing, node] of this.#open) if (node === name) outgoing.destroy();
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method, url = '/', headers } = incoming;
    const { host = '' } = headers;
    if (!OWN_HOST.test(host)) reply(outgoing, 403, `This is not ${host}.`);
    else if (url === CONTROLS && method === 'GET') this.#tell(outgoing);
    else if (url.startsWith(`${CONTROLS}/`)) reply(outgoing, ...this.#act(incoming));
    else if (method !== 'GET' && method !== 'HEAD') reply(outgoing, 405, `${url} takes GET.`);
    else this.#passOn(incoming, outgoing, new Set());
  }

  #tell(outgoing: ServerResponse): void {
    const nodes = this.#viewed.nodes.map(({ name, state }) => ({ name, state }));
    outgoing.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    outgoing.end(`${JSON.stringify({ nodes })}\n`);
  }

  /** `POST /view/controls/<node>/<action>` @returns status and text of the answer */
  #act({ method, url = '', headers }: IncomingMessage): [number, string] {
    const [name = '', action = '', ...more] = url.slice(CONTROLS.length + 1).split('/');
    const isKnown = (ACTIONS as readonly string[]).includes(action) && more.length === 0;
    if (!isKnown || !this.#viewed.nodes.some((node) => node.name === name)) {
      return [404, `There is no ${url}; actions are ${ACTIONS.join(', ')}.`];
    }
    if (method !== 'POST') return [405, `${url} takes POST.`];
    // Pages of others may be open in the same browser.
    const { origin, host } = headers;
    if (origin !== undefined && origin !== `http://${host}`) {
      return [403, `Only the cluster view may ask this, not ${origin}.`];
    }
    const refusal = this.#viewed.act(name, action as Action);
    if (refusal !== null) return [409, refusal];
    if (action === 'kill' || action === 'pause') this.drop(name);
    return [200, `${name}: ${action}`];
  }

  #passOn(incoming: IncomingMessage, outgoing: ServerResponse, tried: Set<string>): void {
    const node = this.#choose(tried);
    if (node === undefined) {
      reply(outgoing, 503, 'No node answers: they are starting, or gone.');
      return;
    }
    tried.add(node.name);
    const { method, url, headers } = incoming;
    const onward = request(
      { host: LOOPBACK, port: node.management, method, path: url, headers },
      (answer) => {
        // Dropped as the answer came: its `close`, which ends the question too, is on its way.
        if (outgoing.destroyed) return;
        this.#current = node.name;
        outgoing.writeHead(answer.statusCode!, answer.headers);
        outgoing.flushHeaders();
        // A side that goes ends the other one; the page asks again.
        pipeline(answer, outgoing, () => this.#open.delete(outgoing));
      },
    );
    this.#open.set(outgoing, node.name);
    onward.once('error', () => {
      if (outgoing.headersSent || outgoing.destroyed) outgoing.destroy();
      else this.#passOn(incoming, outgoing, tried);
    });
    outgoing.once('close', () => {
      this.#open.delete(outgoing);
      onward.destroy();
    });
    onward.end();
  }

  /** The one that answered last, else one that is ready, else any that runs. */
  #choose(tried: ReadonlySet<string>): ViewedNode | undefined {
    const running = this.#viewed.nodes.filter(({ name, state }) => {
      return state === 'running' && !tried.has(name);
    });
    const ready = running.filter(({ isReady }) => isReady);
    return ready.find(({ name }) => name === this.#current) ?? ready[0] ?? running[0];
  }
}

function reply(outgoing: ServerResponse, status: number, text: string): void {
  outgoing.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  outgoing.end(`${text}\n`);
}
