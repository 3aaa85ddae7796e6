// `docker compose` in a step's folder: what is asked of it, and how it is told of settings.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dockerTrouble } from '../docker.ts';

const FILE = 'docker-compose.yml';

export function hasComposeFile(dir: string): boolean {
  return existsSync(join(dir, FILE));
}

/** Why no stack can be started, with the remedy; null when one can. */
export function composeTrouble(): string | null {
  const trouble = dockerTrouble();
  if (trouble !== null) return trouble;
  const asked = spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' });
  if (asked.status === 0) return null;
  return 'Docker is here, but Compose v2 is not: https://docs.docker.com/compose/install';
}

export class Compose {
  readonly dir: string;
  readonly #env: NodeJS.ProcessEnv;

  /** @param env settings that the file asks for, on top of this process's own */
  constructor(dir: string, env: NodeJS.ProcessEnv) {
    this.dir = dir;
    this.#env = { ...process.env, ...env };
  }

  /**
   * At this terminal: the person sees what it says. Resolves with its exit code, also when `stop`
   * has made it give up.
   */
  async run(args: readonly string[], stop?: AbortSignal): Promise<number> {
    const child = this.#spawn(args, 'inherit');
    const interrupt = () => child.kill('SIGINT');
    stop?.addEventListener('abort', interrupt);
    const code = await ended(child);
    stop?.removeEventListener('abort', interrupt);
    return code;
  }

  /** What it prints to be read. @throws Error with what it said when it fails */
  async ask(...args: readonly string[]): Promise<string> {
    const child = this.#spawn(args, 'pipe');
    let [said, trouble] = ['', ''];
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (trouble += text));
    const code = await ended(child);
    if (code !== 0) throw new Error(`docker compose ${args.join(' ')}: ${trouble.trim() || code}`);
    return said.trim();
  }

  /** Its output goes to the caller, who also ends it. */
  follow(...args: readonly string[]): ChildProcess {
    return this.#spawn(args, 'pipe');
  }

  #spawn(args: readonly string[], output: 'inherit' | 'pipe'): ChildProcess {
    return spawn('docker', ['compose', ...args], {
      cwd: this.dir,
      env: this.#env,
      stdio: ['ignore', output, output],
      // A group of its own: Ctrl-C reaches the runner alone, which then stops things in order.
      detached: true,
    });
  }
}

async function ended(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}
