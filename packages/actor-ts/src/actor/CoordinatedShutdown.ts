// An orderly end: named phases, one after the other, each with its tasks side by side.
import { ActorStateError } from '../errors.ts';
import type { ActorSystem } from './ActorSystem.ts';
import type { ExtensionId } from './Extension.ts';

/** In the order in which they run. */
export const Phases = {
  BeforeServiceUnbind: 'before-service-unbind',
  ServiceUnbind: 'service-unbind',
  ServiceRequestsDone: 'service-requests-done',
  ServiceStop: 'service-stop',
  BeforeClusterShutdown: 'before-cluster-shutdown',
  ClusterShardingShutdownRegion: 'cluster-sharding-shutdown-region',
  ClusterLeave: 'cluster-leave',
  ClusterExiting: 'cluster-exiting',
  ClusterExitingDone: 'cluster-exiting-done',
  ClusterShutdown: 'cluster-shutdown',
  BeforeActorSystemTerminate: 'before-actor-system-terminate',
  ActorSystemTerminate: 'actor-system-terminate',
} as const;
export type Phase = (typeof Phases)[keyof typeof Phases];

interface Task {
  readonly name: string;
  readonly run: () => void | Promise<void>;
}

export class CoordinatedShutdown {
  /** Milliseconds that one phase may take; then the next one begins, with a warning. */
  phaseTimeoutMs = 10_000;
  private readonly system: ActorSystem;
  private readonly tasks = new Map<Phase, Task[]>(Object.values(Phases).map((p) => [p, []]));
  private running: Promise<void> | null = null;

  constructor(system: ActorSystem) {
    this.system = system;
    this.addTask(Phases.ActorSystemTerminate, 'terminate', () => system.terminate());
  }

  /** @throws ActorStateError for a phase that does not exist */
  addTask(phase: Phase, name: string, run: () => void | Promise<void>): void {
    const tasks = this.tasks.get(phase);
    if (tasks === undefined) {
      const known = Object.values(Phases).join(', ');
      throw new ActorStateError(`there is no shutdown phase '${phase}'; there are ${known}`);
    }
    tasks.push({ name, run });
  }

  /** Runs all phases. A second call returns the first one's promise. Failing tasks are logged. */
  run(): Promise<void> {
    this.running ??= this.runPhases();
    return this.running;
  }

  /** SIGTERM and SIGINT run the shutdown and then end the process; a second signal ends it at once. */
  installProcessHooks(): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (this.running !== null) process.exit(1);
        this.system.log.info(`${signal}: shutting down in order`);
        void this.run().then(() => process.exit(0));
      });
    }
  }

  private async runPhases(): Promise<void> {
    for (const [phase, tasks] of this.tasks) {
      if (tasks.length > 0) await this.runPhase(phase, tasks);
    }
  }

  private async runPhase(phase: Phase, tasks: readonly Task[]): Promise<void> {
    const { log } = this.system;
    const pending = new Set(tasks.map((task) => task.name));
    const all = tasks.map(async (task) => {
      try {
        await task.run();
      } catch (error) {
        log.error({ err: error, phase, task: task.name }, 'a shutdown task failed');
      }
      pending.delete(task.name);
    });
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        log.warn({ phase, pending: [...pending] }, 'a shutdown phase took too long; going on');
        resolve();
      }, this.phaseTimeoutMs);
    });
    await Promise.race([Promise.all(all), timeout]);
    clearTimeout(timer);
  }
}

export const CoordinatedShutdownId: ExtensionId<CoordinatedShutdown> = {
  key: 'coordinated-shutdown',
  create: (system) => new CoordinatedShutdown(system),
};
