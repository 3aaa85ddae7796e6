// What Node and fastify refuse before any route is asked: as a Problem, like everything else.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'actor-ts';
import type { FastifyHttpOptions, FastifyInstance } from 'fastify';
import { Problem, refuse, sendProblem } from './problem.ts';

/** How long a client may take to send a request; else it keeps its place for as long as it likes. */
const REQUEST_WITHIN_MS = 30_000;
/** Of these, for the headers. Node takes the shorter one for them, whichever is called so. */
const HEADERS_WITHIN_MS = 10_000;
const LOOK_EACH_MS = 5000;

const WHY: Record<string, Problem> = {
  HPE_HEADER_OVERFLOW: new Problem(431, 'too-large', 'the headers have more than 16 KiB'),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: new Problem(413, 'too-large', 'the chunks have long extensions'),
  ERR_HTTP_REQUEST_TIMEOUT: new Problem(408, 'timeout', 'the request took too long to come'),
};
const NO_HTTP = new Problem(400, 'bad-request', 'this is no HTTP request');

/** Options for fastify; `nameRefusals` does the rest. */
export function namedRefusals(log: Logger): FastifyHttpOptions<Server> {
  return {
    http: {
      requireHostHeader: false, // see nameRefusals
      headersTimeout: HEADERS_WITHIN_MS,
      connectionsCheckingInterval: LOOK_EACH_MS,
    },
    requestTimeout: REQUEST_WITHIN_MS,
    clientErrorHandler: ({ code }, socket) => refuse(socket, WHY[code] ?? NO_HTTP),
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, error, log),
  };
}

export function nameRefusals(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ headers, raw }) => {
    if (headers.host !== undefined || raw.httpVersion !== '1.1') return;
    throw new Problem(400, 'bad-request', 'a request names its host');
  });
  app.server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy()); // gone before it was answered
    refuse(socket, new Problem(400, 'bad-request', 'this is no proxy'));
  });
  app.server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const problem = new Problem(417, 'expectation-failed', 'only 100-continue can be expected');
    response.writeHead(417, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify(problem));
  });
}
