// The container engine as one process of tests uses it. Images are never fetched here: a person
// decides when to wait for that.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import {
  type ContainerRuntimeClient,
  getContainerRuntimeClient,
  getReaper,
  ImageName,
  LABEL_TESTCONTAINERS_SESSION_ID,
} from 'testcontainers';
import { getReaperImage } from 'testcontainers/build/reaper/reaper.js';
import { type ImageVariable, imageOf, imageRemedy } from '../../../packages/workshop/src/images.ts';
import { gone, labelsOf, sweep } from './leftovers.ts';

type Docker = ContainerRuntimeClient['container']['dockerode'];
export type EngineContainer = ReturnType<Docker['getContainer']>;
export type EngineNetwork = ReturnType<Docker['getNetwork']>;
export type EngineVolume = ReturnType<Docker['getVolume']>;

const CARETAKER = fileURLToPath(new URL('./caretaker.ts', import.meta.url));

export class Engine {
  readonly client: ContainerRuntimeClient;
  /** Names this process's run, in labels and in names. */
  readonly run: string;
  /** For everything that is made. */
  readonly labels: Readonly<Record<string, string>>;
  private made = 0;

  private constructor(client: ContainerRuntimeClient, run: string, session: string) {
    this.client = client;
    this.run = run;
    this.labels = { ...labelsOf(run), [LABEL_TESTCONTAINERS_SESSION_ID]: session };
  }

  /** Removes what dead runs have left, and sees to it that this one leaves nothing. */
  static async connect(): Promise<Engine> {
    const client = await reach();
    // testcontainers' own caretaker is a container. Without its image ours does alone.
    if (!(await client.image.exists(ImageName.fromString(getReaperImage())))) {
      process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true';
    }
    await sweep(client.container.dockerode);
    const run = randomBytes(6).toString('hex');
    employCaretaker(run);
    return new Engine(client, run, (await getReaper(client)).sessionId);
  }

  get docker(): Docker {
    return this.client.container.dockerode;
  }

  /** @throws Error, as trouble of the machine, when the image is not here */
  async image(variable: ImageVariable): Promise<string> {
    const image = imageOf(variable);
    if (await this.client.image.exists(ImageName.fromString(image))) return image;
    const remedy = imageRemedy(variable, image);
    throw new Error(
      `INFRA: The image ${image} is not on this machine: ${remedy}. Or test without containers: -- --processes`,
    );
  }

  /** A name that nobody else has, and that says what it is for. */
  nameFor(what: string): string {
    this.made++;
    return `chat-test-${this.run}-${this.made}-${what}`;
  }

  /** @param internal nobody outside reaches it, and nobody in it reaches the outside */
  network(what: string, { internal }: { internal: boolean }): Promise<EngineNetwork> {
    return this.docker.createNetwork({
      Name: this.nameFor(what),
      Driver: 'bridge',
      Internal: internal,
      Labels: this.labels,
    });
  }

  async volume(what: string): Promise<EngineVolume> {
    const name = this.nameFor(what);
    await this.docker.createVolume({ Name: name, Labels: this.labels });
    return this.docker.getVolume(name);
  }

  async removeContainer(container: EngineContainer): Promise<void> {
    await gone(container.remove({ force: true, v: true }));
  }

  /** Networks and volumes that no container uses any more. */
  async remove(...made: readonly (EngineNetwork | EngineVolume)[]): Promise<void> {
    await Promise.all(made.map((thing) => gone(thing.remove())));
  }
}

let engine: Promise<Engine> | null = null;

/** The engine of this process. @throws Error, as trouble of the machine, when none answers */
export function theEngine(): Promise<Engine> {
  engine ??= Engine.connect();
  return engine;
}

async function reach(): Promise<ContainerRuntimeClient> {
  try {
    return await getContainerRuntimeClient();
  } catch (cause) {
    const says =
      'INFRA: No Docker engine answers. Start Docker, or test without it: -- --processes';
    throw new Error(says, { cause });
  }
}

function employCaretaker(run: string): void {
  const caretaker = spawn(process.execPath, [CARETAKER, run], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // Ctrl-C is not for it
  });
  caretaker.unref();
  (caretaker.stdin as Socket).unref();
}
