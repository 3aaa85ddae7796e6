// What the container engine of this machine can do for the tests. Asked by its command-line program,
// which knows where the engine is.
import { spawnSync } from 'node:child_process';
import { type ImageVariable, imageOf, imageRemedy } from './images.ts';

const ENGINE_TIMEOUT_MS = 10_000;

type Env = Readonly<Record<string, string | undefined>>;

/** Why no container can be started; null when they can. */
export function dockerTrouble(): string | null {
  const asked = spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], {
    encoding: 'utf8',
    timeout: ENGINE_TIMEOUT_MS,
  });
  if ((asked.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    return (
      'Docker is not installed. Without it you can do everything but containers: npm start, all ' +
      'steps (step 6 runs as processes too), and npm test. To have containers: ' +
      'https://docs.docker.com/get-docker'
    );
  }
  if (asked.status === 0) return null;
  const said = asked.stderr?.trim().split('\n')[0] ?? '';
  return `Docker is installed, but no engine answers: start it. ${said}`.trim();
}

export function hasImage(image: string): boolean {
  return spawnSync('docker', ['image', 'inspect', image], { stdio: 'ignore' }).status === 0;
}

/** Why a step's tests cannot run in containers, with the remedy; null when they can. */
export function containerTrouble(step: number, env: Env): string | null {
  const trouble = dockerTrouble();
  if (trouble !== null) return trouble;
  const missing = imagesFor(step).filter((variable) => !hasImage(imageOf(variable, env)));
  if (missing.length === 0) return null;
  const lines = missing.map((variable) => imageRemedy(variable, imageOf(variable, env)));
  return ['An image is not on this machine yet:', ...lines].join('\n');
}

function imagesFor(step: number): ImageVariable[] {
  return step === 6 ? ['NODE_IMAGE', 'CASSANDRA_IMAGE', 'NGINX_IMAGE'] : ['NODE_IMAGE'];
}
