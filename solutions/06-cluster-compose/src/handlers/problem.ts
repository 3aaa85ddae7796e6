// Errors as HTTP answers: RFC 9457, with a `code` that does not change.
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { AskTimeoutError, type Logger } from 'actor-ts';
import type { FastifyReply } from 'fastify';
import type { ErrorFrame } from '../messages.ts';

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  /** Seconds after which it is worth trying again. */
  readonly retryAfter?: number;

  constructor(status: number, code: string, detail: string, retryAfter?: number) {
    super(detail);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  static of({ code, message }: Pick<ErrorFrame, 'code' | 'message'>): Problem {
    if (code === 'not-implemented') return new Problem(501, code, message);
    return new Problem(code === 'rate-limited' ? 429 : 503, code, message, 1);
  }

  toJSON(): object {
    const { code, message: detail, status } = this;
    return { type: 'about:blank', title: STATUS_CODES[status], status, code, detail };
  }
}

export function sendProblem(reply: FastifyReply, error: unknown, log: Logger): FastifyReply {
  const problem = toProblem(error);
  if (problem.status === 500) log.error({ err: error }, 'a request failed');
  if (problem.retryAfter !== undefined) reply.header('retry-after', problem.retryAfter);
  const { status } = problem;
  return reply.code(status).type('application/problem+json').send(JSON.stringify(problem));
}

/** Answers on a connection that no `reply` stands for, and ends it. */
export function refuse(socket: Duplex, problem: Problem): void {
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof AskTimeoutError) {
    return Problem.of({ code: 'timeout', message: 'no answer in time; try again' });
  }
  const {
    statusCode = 500,
    code,
    message,
  } = error as Error & { statusCode?: number; code?: string };
  if (code === 'ERR_NOT_IMPLEMENTED') return new Problem(501, 'not-implemented', message);
  if (statusCode >= 500) return new Problem(500, 'internal', 'this node failed; its log says how');
  return new Problem(statusCode, codeOf(statusCode), message);
}

/** Of what fastify refuses by itself. */
function codeOf(status: number): string {
  if (status === 413 || status === 414) return 'too-large';
  return (STATUS_CODES[status] ?? 'Bad Request').toLowerCase().replaceAll(' ', '-');
}
