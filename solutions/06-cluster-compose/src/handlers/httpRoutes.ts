// HTTP: log in, post and read without a socket, and the chat page.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fastifyCookie } from '@fastify/cookie';
import files from '@fastify/static';
import type { ActorRef, Logger } from 'actor-ts';
import Fastify, { type FastifyReply, type FastifyRequest, type RouteHandlerMethod } from 'fastify';
import { z } from 'zod';
import { askUntil } from '../askUntil.ts';
import {
  draft,
  historyQuery,
  type Inbox,
  isName,
  isTooLarge,
  type Page,
  type RoomCmd,
  SEND_WITHIN_MS,
  type SendResult,
  type SessionMsg,
} from '../messages.ts';
import { COOKIE, type Tokens } from '../token.ts';
import { Problem, sendProblem } from './problem.ts';
import { namedRefusals, nameRefusals } from './unread.ts';

const UI = fileURLToPath(new URL('../../ui', import.meta.url));
/** A text of 8,192 bytes may take six times as many in JSON. */
const BODY_BYTES = 64 * 1024;
const READ_WITHIN_MS = 5000;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

export interface HttpOptions {
  readonly roomRegion: ActorRef<RoomCmd>;
  readonly sessionRegion: ActorRef<SessionMsg>;
  readonly tokens: Tokens;
  /** Whether `X-Forwarded-*` may be believed: all requests come by a proxy of ours. */
  readonly trustProxy: boolean;
  /** The page links to the cluster view there. */
  readonly viewUrl?: string | undefined;
  readonly log: Logger;
}

export async function httpRoutes(options: HttpOptions) {
  const { roomRegion, sessionRegion, tokens, trustProxy, viewUrl, log } = options;
  const limits = { bodyLimit: BODY_BYTES, forceCloseConnections: 'idle' } as const;
  const app = Fastify({ ...limits, trustProxy, ...namedRefusals(log) });
  nameRefusals(app);
  app.removeContentTypeParser('text/plain'); // JSON only
  await app.register(fastifyCookie);
  await app.register(files, { root: UI, prefix: '/ui/' });
  app.addHook('onRequest', async (_request, reply) => void reply.headers(HEADERS));
  app.setErrorHandler((error, _request, reply) => sendProblem(reply, error, log));
  app.setNotFoundHandler(() => {
    throw new Problem(404, 'not-found', 'there is nothing at this address');
  });

  /** Registers what a path can do; every other method of it is a 405. */
  const at = (url: string, handlers: { [M in 'GET' | 'POST' | 'PUT' | 'DELETE']?: Handler }) => {
    const allowed = Object.keys(handlers).flatMap((m) => (m === 'GET' ? ['GET', 'HEAD'] : [m]));
    for (const [method, handler] of Object.entries(handlers)) app.route({ method, url, handler });
    app.route({
      method: METHODS.filter((method) => !allowed.includes(method)),
      url,
      handler: (_request, reply) => {
        reply.header('allow', allowed.join(', '));
        throw new Problem(405, 'method-not-allowed', `allowed here: ${allowed.join(', ')}`);
      },
    });
  };
  /** For those who have a token. */
  const known =
    (handler: (user: string, request: FastifyRequest, reply: FastifyReply) => unknown): Handler =>
    async (request, reply) => {
      const identity = await tokens.identify(request.headers);
      if (identity === null) throw new Problem(401, 'unauthorized', 'log in first: POST /login');
      reply.header('cache-control', 'no-store');
      return handler(identity.user, request, reply);
    };

  at('/login', {
    async POST(request, reply) {
      const { user } = check(z.object({ user: z.string() }), request.body);
      if (!isName(user)) throw new Problem(400, 'bad-user', `${NAMES}; this is no user's name`);
      const { token, expiresAt } = await tokens.issue(user);
      const expires = new Date(expiresAt);
      const options = { httpOnly: true, sameSite: 'strict', path: '/', secure: 'auto' } as const;
      reply.setCookie(COOKIE, token, { ...options, expires }).header('cache-control', 'no-store');
      return { user, token, expiresAt: expires.toISOString() };
    },
  });

  at('/rooms/:room/messages', {
    POST: known(async (userId, request, reply) => {
      const room = roomOf(request);
      const { id, text } = check(draft, request.body);
      if (isTooLarge(text)) throw new Problem(413, 'too-large', 'a text has at most 8192 bytes');
      const send = { kind: 'send-message', userId, room, id, text, again: false } as const;
      const answer = await askUntil<SendResult>(sessionRegion, send, SEND_WITHIN_MS);
      if (answer.payload.type === 'error') throw Problem.of(answer.payload);
      const { seq, node } = answer.payload;
      return reply.code(answer.repeated === true ? 200 : 201).send({ room, id, seq, node });
    }),
    GET: known(async (_user, request) => {
      const roomId = roomOf(request);
      const query = { kind: 'history', roomId, ...check(historyQuery, request.query) } as const;
      const { head, messages } = await askUntil<Page>(roomRegion, query, READ_WITHIN_MS);
      return { room: roomId, head, messages };
    }),
  });

  at('/me/inbox', {
    GET: known(async (userId, request) => {
      const { since } = check(z.object({ since: z.coerce.number().default(0) }), request.query);
      return askUntil<Inbox>(sessionRegion, { kind: 'inbox', userId, since }, READ_WITHIN_MS);
    }),
  });
  const follow = (kind: 'follow' | 'unfollow') =>
    known(async (userId, request) => {
      const ask = { kind, userId, room: roomOf(request) };
      const rooms = await askUntil<readonly string[] | null>(sessionRegion, ask, READ_WITHIN_MS);
      if (rooms === null) throw new Problem(429, 'rate-limited', 'too many rooms', 60);
      return { rooms };
    });
  at('/me/rooms/:room', { PUT: follow('follow'), DELETE: follow('unfollow') });

  const link = viewUrl && `<a class="quiet" href="${new URL(viewUrl)}">Cluster</a>`;
  const page = readFileSync(`${UI}/index.html`, 'utf8').replace('<!--view-->', link ?? '');
  at('/', { GET: (_request, reply) => reply.type('text/html; charset=utf-8').send(page) });
  at('/ws', {
    GET: (_request, reply) => {
      reply.header('upgrade', 'websocket');
      throw new Problem(426, 'upgrade-required', 'this is a WebSocket endpoint');
    },
  });
  return app;
}

type Handler = RouteHandlerMethod;
const NAMES = 'names are 1 to 32 small letters, digits, - and _, a letter or digit first';

function roomOf(request: FastifyRequest): string {
  const { room } = request.params as { room: string };
  if (isName(room)) return room;
  throw new Problem(400, 'bad-room', `${NAMES}; this is no room's name`);
}

function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Problem(400, 'bad-request', `${issue?.path.join('.')}: ${issue?.message}`);
}
