// A program that is one process and no cluster: step 1. Its own HTTP server is the front door.
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Console } from '../Console.ts';
import { WorkshopError } from '../errors.ts';
import { STOP_GRACE_MS } from '../LocalCluster.ts';
import { type NodeExit, NodeProcess } from '../NodeProcess.ts';
import { findHolder, freePorts, isFree } from '../ports.ts';
import { helpText, readSettings, type Settings } from '../settings.ts';
import { typedCommand } from '../typed.ts';
import { whatAnswers } from '../whatAnswers.ts';
import { openWorkshopDir } from '../workshopDir.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
/** The one node's name. */
export const ALONE = 'node1';
const ASK_EVERY_MS = 50;
/** npm passes on a Ctrl-C that the terminal has told already. */
const SAME_CTRL_C_MS = 1_000;

/** Runs until Ctrl-C. @returns 0 stopped as asked, 1 it ended by itself */
export async function runAlone(
  args: readonly string[],
  program: string,
  console: Console,
): Promise<number> {
  const settings = readSettings(args, process.env);
  if (settings.help) {
    process.stdout.write(`${helpText(typedCommand())}\n`);
    return 0;
  }
  const port = await portFor(settings);
  const dir = openWorkshopDir(settings.dir);
  const ended = Promise.withResolvers<NodeExit>();
  const node = new NodeProcess(
    {
      name: ALONE,
      program,
      cwd: ROOT,
      env: {
        NODE_NAME: ALONE,
        HTTP_HOST: settings.host,
        HTTP_PORT: String(port),
        CHAT_SECRET: process.env.CHAT_SECRET || dir.secret,
        NODE_COMPILE_CACHE: dir.compileCache,
      },
    },
    {
      line: (_node, stream, line) => console.node(ALONE, stream, line),
      exited: (_node, exit) => ended.resolve(exit),
    },
  );
  const unhook = stopOnSignals(node, console);
  try {
    node.start();
    void sayWhenUp(node, program, settings.host, port, console);
    const exit = await ended.promise;
    if (exit.asked) {
      console.say('Stopped.');
      return 0;
    }
    console.warn(`It ended on its own, with code ${exit.code ?? exit.signal}; why stands above.`);
    return 1;
  } finally {
    unhook();
    dir.release();
  }
}

/** @throws WorkshopError when it is taken */
async function portFor({ host, port }: Settings): Promise<number> {
  if (port === 0) return (await freePorts(1))[0]!;
  if (await isFree(port, host)) return port;
  const holder = process.platform === 'linux' ? findHolder(port) : null;
  const by = holder === null ? '' : ` by process ${holder.pid} (${holder.command})`;
  throw new WorkshopError(
    `Port ${port} is taken${by}.\n` +
      `  Stop what holds it, or choose another: ${typedCommand()} -- --port ${port + 1_000}\n` +
      'Nothing was started.',
  );
}

async function sayWhenUp(
  node: NodeProcess,
  program: string,
  host: string,
  port: number,
  console: Console,
): Promise<void> {
  while (node.isRunning && !(await answers(host, port))) await delay(ASK_EVERY_MS);
  if (!node.isRunning) return;
  const shown = host === '127.0.0.1' || host === '0.0.0.0' ? 'localhost' : host;
  console.say(
    [
      'It is up, in one process.',
      '',
      `  ${whatAnswers(program)}   http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`,
      '',
      'Ctrl-C stops it.',
    ].join('\n'),
  );
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function stopOnSignals(node: NodeProcess, console: Console): () => void {
  let askedAt: number | null = null;
  const stop = () => {
    if (askedAt === null) {
      askedAt = performance.now();
      console.say('Stopping …');
      void node.stop(STOP_GRACE_MS);
    } else if (performance.now() - askedAt > SAME_CTRL_C_MS) {
      node.kill();
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  return () => {
    for (const signal of signals) process.off(signal, stop);
  };
}
