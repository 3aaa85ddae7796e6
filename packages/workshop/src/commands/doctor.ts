// `npm run doctor`: what this machine has, what is missing, what to do about it.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { dockerTrouble, hasImage } from '../docker.ts';
import { IMAGE_VARIABLES, imageOf, imageRemedy } from '../images.ts';
import { findHolder, isFree, LOOPBACK } from '../ports.ts';
import { indented } from '../text.ts';
import { type Context, EXIT } from './Context.ts';

interface Finding {
  readonly what: string;
  /** `missing` stops the workshop, `optional` only a part of it. */
  readonly state: 'ok' | 'optional' | 'missing';
  readonly found: string;
  readonly remedy?: string;
}

const NEEDED_NODE = 24;
/** Three nodes, Cassandra with half a gigabyte of heap, Nginx. */
const STACK_BYTES = 2.5 * 2 ** 30;

export async function doctor({ workshop, out, env }: Context): Promise<number> {
  const findings = [
    nodeVersion(),
    gitVersion(),
    packages(workshop.root),
    writable(workshop.kept),
    ...(await ports(env)),
    ...containers(env),
  ];
  const { green, yellow, red } = out.colors;
  const marks = { ok: green('✓'), optional: yellow('–'), missing: red('✗') };
  for (const { what, state, found, remedy } of findings) {
    out.line(`${marks[state]} ${what.padEnd(16)} ${found}`);
    if (remedy !== undefined) out.line(indented(remedy, 19));
  }
  const missing = findings.filter(({ state }) => state === 'missing');
  out.line();
  if (missing.length > 0) {
    const names = missing.map(({ what }) => what).join(', ');
    out.line(`${red('INFRA')}  Mend first: ${names}.`);
    out.next('npm run doctor', 'again, once that is done');
    return EXIT.infra;
  }
  const lacking = findings.some(({ state }) => state === 'optional');
  out.line(`${green('Ready.')} All that the workshop needs is here.`);
  if (lacking) out.line('What is marked – is needed for a part only.');
  out.next('npm run progress', 'where you stand');
  return EXIT.ok;
}

function nodeVersion(): Finding {
  const { node } = process.versions;
  if (Number.parseInt(node, 10) >= NEEDED_NODE) return { what: 'Node', state: 'ok', found: node };
  return { what: 'Node', state: 'missing', found: node, remedy: 'npm rebuild node' };
}

function gitVersion(): Finding {
  const done = spawnSync('git', ['--version'], { encoding: 'utf8' });
  if (done.status === 0) {
    return { what: 'git', state: 'ok', found: done.stdout.replace('git version', '').trim() };
  }
  const remedy = 'Install it (https://git-scm.com); npm run diff:N needs it.';
  return { what: 'git', state: 'missing', found: 'not found', remedy };
}

function packages(root: string): Finding {
  const what = 'npm packages';
  const missing = ['vitest', 'actor-ts', 'fastify', 'ws'].filter(
    (name) => !existsSync(join(root, 'node_modules', name)),
  );
  if (missing.length === 0) return { what, state: 'ok', found: 'installed' };
  return { what, state: 'missing', found: `${missing.join(', ')} not installed`, remedy: 'npm ci' };
}

function writable(dir: string): Finding {
  const what = '.workshop/';
  try {
    mkdirSync(dir, { recursive: true });
    accessSync(dir, constants.W_OK);
    return { what, state: 'ok', found: 'can be written' };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      what,
      state: 'missing',
      found: `cannot be written (${code})`,
      remedy: `Data and results go there. Make it yours: sudo chown -R "$USER" ${dir}`,
    };
  }
}

/** Those that `npm start` and `npm run step:N` take by default; tests take any that are free. */
async function ports(env: Context['env']): Promise<Finding[]> {
  const base = (name: string, usual: number) => Number(env[`WORKSHOP_${name}_PORT`] || usual);
  const row = (first: number) => [first, first + 1, first + 2];
  const door = Number(env.WORKSHOP_PORT || 3000);
  const view = Number(env.WORKSHOP_VIEW_PORT || 8550);
  const wanted = [
    { use: 'front door', flag: '--port', ports: [door] },
    { use: 'view', flag: '--view-port', ports: [view] },
    { use: 'HTTP', flag: '--http-port', ports: row(base('HTTP', 3001)) },
    { use: 'management', flag: '--management-port', ports: row(base('MANAGEMENT', 8551)) },
    { use: 'cluster', flag: '--cluster-port', ports: row(base('CLUSTER', 2551)) },
  ];
  const findings: Finding[] = [];
  for (const { use, flag, ports: numbers } of wanted) {
    const taken: number[] = [];
    for (const port of numbers) {
      if (port !== 0 && !(await isFree(port, LOOPBACK))) taken.push(port);
    }
    const what = `${use} port${numbers.length > 1 ? 's' : ''}`;
    if (taken.length === 0) {
      findings.push({ what, state: 'ok', found: `${numbers.join(', ')} free` });
      continue;
    }
    const pids = new Set(taken.map((port) => holderOf(port)).filter((pid) => pid !== undefined));
    const who = pids.size > 0 ? `process ${[...pids].join(', ')}` : 'what holds them';
    findings.push({
      what,
      state: 'optional',
      found: `taken: ${taken.join(', ')}`,
      remedy: `Stop ${who}, or choose others: npm start -- ${flag} 0`,
    });
  }
  return findings;
}

function holderOf(port: number): number | undefined {
  return process.platform === 'linux' ? findHolder(port)?.pid : undefined;
}

function containers(env: Context['env']): Finding[] {
  const trouble = dockerTrouble();
  if (trouble !== null) {
    return [{ what: 'Docker', state: 'optional', found: 'no engine', remedy: trouble }];
  }
  const findings: Finding[] = [
    { what: 'Docker', state: 'ok', found: 'an engine answers' },
    plugin('compose', 'https://docs.docker.com/compose/install'),
    plugin('buildx', 'https://docs.docker.com/go/buildx'),
    engineMemory(),
  ];
  for (const variable of IMAGE_VARIABLES) {
    const image = imageOf(variable, env);
    const remedy = imageRemedy(variable, image);
    findings.push(
      hasImage(image)
        ? { what: 'image', state: 'ok', found: image }
        : { what: 'image', state: 'optional', found: `${image} not here yet`, remedy },
    );
  }
  return findings;
}

/** A part of Docker's command line that comes in a package of its own on some systems. */
function plugin(name: string, where: string): Finding {
  const what = `docker ${name}`;
  const asked = spawnSync('docker', [name, 'version'], { encoding: 'utf8' });
  const [version] = /\d+\.\d+\.\d+/.exec(asked.stdout ?? '') ?? [];
  if (asked.status === 0) return { what, state: 'ok', found: version ?? 'installed' };
  const remedy = `Step 6 in containers needs it: ${where}`;
  return { what, state: 'optional', found: 'not found', remedy };
}

/** Docker Desktop gives its machine less than this one has. */
function engineMemory(): Finding {
  const what = 'engine memory';
  const asked = spawnSync('docker', ['info', '--format', '{{.MemTotal}}'], { encoding: 'utf8' });
  const bytes = Number(asked.stdout);
  const found = `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  if (bytes >= STACK_BYTES) return { what, state: 'ok', found };
  const remedy =
    'Step 6 in containers takes 2.5 GiB. Docker Desktop: Settings, Resources; else run it with: npm run step:6 -- --processes';
  return { what, state: 'optional', found, remedy };
}
