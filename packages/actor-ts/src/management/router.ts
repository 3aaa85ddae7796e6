// Finds the endpoint of a request and refuses what no endpoint takes.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../actor/Logger.ts';
import { Problem, type Reply, send } from './reply.ts';

export interface Route {
  /** Query parameters it knows; any other is refused, and so is one given twice. */
  readonly query?: readonly string[];
  /** Answers by itself and keeps the response open: no HEAD. */
  readonly streams?: boolean;
  /** @throws Problem */
  handle(
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Reply | Promise<Reply> | undefined;
}

export type Routes = Readonly<Record<string, Route>>;

/** Answers one request; errors of a route are logged and answered with 500. */
export async function answer(
  routes: Routes,
  log: Logger,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const { route, query } = findRoute(routes, request);
    const reply = await route.handle(query, request, response);
    if (reply !== undefined) send(response, reply);
  } catch (error) {
    send(response, asProblem(error, log, request).toReply());
  }
}

function findRoute(
  routes: Routes,
  request: IncomingMessage,
): { route: Route; query: URLSearchParams } {
  const target = request.url ?? '/';
  if (!URL.canParse(target, 'http://node')) {
    throw new Problem(400, 'bad-target', 'Bad request', 'the request target is no valid URL');
  }
  const { pathname, searchParams } = new URL(target, 'http://node');
  const route = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
  if (route === undefined) {
    const paths = Object.keys(routes);
    throw new Problem(404, 'no-route', 'Not found', `there is no ${pathname}`, { paths });
  }
  const methods = route.streams ? ['GET'] : ['GET', 'HEAD'];
  if (!methods.includes(request.method ?? '')) {
    const allow = methods.join(', ');
    const detail = `${pathname} takes ${allow}, got ${request.method}`;
    throw new Problem(405, 'wrong-method', 'Method not allowed', detail, {}, { allow });
  }
  checkQuery(pathname, route.query ?? [], searchParams);
  return { route, query: searchParams };
}

function checkQuery(path: string, known: readonly string[], query: URLSearchParams): void {
  for (const name of query.keys()) {
    if (!known.includes(name)) {
      const takes = known.length === 0 ? 'no query' : known.join(', ');
      throw badQuery(`${path} takes ${takes}, got \`${name}\``);
    }
    if (query.getAll(name).length > 1) throw badQuery(`\`${name}\` is given more than once`);
  }
}

export function badQuery(detail: string): Problem {
  return new Problem(400, 'bad-query', 'Bad request', detail);
}

function asProblem(error: unknown, log: Logger, request: IncomingMessage): Problem {
  if (error instanceof Problem) return error;
  log.error({ err: error, url: request.url }, 'a management endpoint failed');
  return new Problem(500, 'internal', 'Internal error', 'the endpoint failed; the log says why');
}
