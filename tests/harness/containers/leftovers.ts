// Everything that tests make in an engine says by its labels which run made it and which process
// owns that run, so that it can be found and removed by somebody else: after a crash, too.
import { hostname } from 'node:os';
import type { ContainerRuntimeClient } from 'testcontainers';
import { isGone, ownName } from '../owner.ts';

type Docker = ContainerRuntimeClient['container']['dockerode'];
type Labels = Readonly<Record<string, string>>;

export const RUN_LABEL = 'actor-chat-workshop.run';
const OWNER_LABEL = 'actor-chat-workshop.owner';

export function labelsOf(run: string): Record<string, string> {
  return { [RUN_LABEL]: run, [OWNER_LABEL]: `${hostname()}/${ownName('/')}` };
}

/** Removes what a run has made. @returns how many things there were */
export function removeRun(docker: Docker, run: string): Promise<number> {
  return remove(docker, `${RUN_LABEL}=${run}`, () => true);
}

/** The same of one Compose project of ours. */
export function removeProject(docker: Docker, project: string): Promise<number> {
  return remove(docker, `com.docker.compose.project=${project}`, () => true);
}

/** Removes what runs have made whose owners, processes of this machine, are gone. */
export function sweep(docker: Docker): Promise<number> {
  return remove(docker, OWNER_LABEL, (labels) => isDead(labels[OWNER_LABEL]!));
}

async function remove(
  docker: Docker,
  label: string,
  isMeant: (labels: Labels) => boolean,
): Promise<number> {
  const filters = { label: [label] };
  const meant = <T extends { Labels?: Labels }>(found: readonly T[]) =>
    found.filter(({ Labels: labels }) => labels?.[OWNER_LABEL] !== undefined && isMeant(labels));

  const containers = meant(await docker.listContainers({ all: true, filters }));
  await Promise.all(
    containers.map(({ Id }) => gone(docker.getContainer(Id).remove({ force: true, v: true }))),
  );
  const networks = meant(await docker.listNetworks({ filters }));
  await Promise.all(networks.map(({ Id }) => gone(docker.getNetwork(Id).remove())));
  const volumes = meant((await docker.listVolumes({ filters })).Volumes);
  await Promise.all(volumes.map(({ Name }) => gone(docker.getVolume(Name).remove())));
  const images = meant(await docker.listImages({ filters }));
  await Promise.all(images.map(({ Id }) => gone(docker.getImage(Id).remove({ force: true }))));
  return containers.length + networks.length + volumes.length + images.length;
}

/** Resolves when it is removed, by us or by somebody who was faster. */
export async function gone(removing: Promise<unknown>): Promise<void> {
  try {
    await removing;
  } catch (error) {
    const { statusCode, message } = error as { statusCode?: number; message: string };
    if (statusCode === 404) return;
    if (statusCode === 409 && /already in progress/.test(message)) return;
    throw error;
  }
}

function isDead(owner: string): boolean {
  const [host, pid, beginning] = owner.split('/');
  return host === hostname() && isGone(Number(pid), beginning!); // the engine has other users
}
