// HTTP: log in, post and read.
import { fastifyCookie } from '@fastify/cookie';
import type { ActorRef, Logger } from 'actor-ts';
import Fastify, { type FastifyReply, type FastifyRequest, type RouteHandlerMethod } from 'fastify';
import { z } from 'zod';
import { askUntil } from '../askUntil.ts';
import {
  draft,
  historyQuery,
  isName,
  isTooLarge,
  type Page,
  type Posted,
  type RoomCmd,
  SEND_WITHIN_MS,
  type SessionMsg,
} from '../messages.ts';
import { COOKIE, type Tokens } from '../token.ts';
import { Problem, sendProblem } from './problem.ts';
import { namedRefusals, nameRefusals } from './unread.ts';

/** A text of 8,192 bytes may take six times as many in JSON. */
const BODY_BYTES = 64 * 1024;
const READ_WITHIN_MS = 5000;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export interface HttpOptions {
  readonly roomRegion: ActorRef<RoomCmd>;
  readonly sessionRegion: ActorRef<SessionMsg>;
  readonly tokens: Tokens;
  readonly log: Logger;
}

export async function httpRoutes({ roomRegion, sessionRegion, tokens, log }: HttpOptions) {
  const limits = { bodyLimit: BODY_BYTES, forceCloseConnections: 'idle' } as const;
  const app = Fastify({ ...limits, ...namedRefusals(log) });
  nameRefusals(app);
  app.removeContentTypeParser('text/plain'); // JSON only
  await app.register(fastifyCookie);
  app.setErrorHandler((error, _request, reply) => sendProblem(reply, error, log));
  app.setNotFoundHandler(() => {
    throw new Problem(404, 'not-found', 'there is nothing at this address');
  });

  /** Registers what a path can do; every other method of it is a 405. */
  const at = (url: string, handlers: { [M in 'GET' | 'POST']?: Handler }) => {
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
      const send = { kind: 'send-message', userId, room, id, text } as const;
      const { seq, node, repeated } = await askUntil<Posted>(sessionRegion, send, SEND_WITHIN_MS);
      return reply.code(repeated ? 200 : 201).send({ room, id, seq, node });
    }),
    GET: known(async (_user, request) => {
      const roomId = roomOf(request);
      const query = { kind: 'history', roomId, ...check(historyQuery, request.query) } as const;
      const { head, messages } = await askUntil<Page>(roomRegion, query, READ_WITHIN_MS);
      return { room: roomId, head, messages };
    }),
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
