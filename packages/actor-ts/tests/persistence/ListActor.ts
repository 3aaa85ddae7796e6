// A persistent actor to try things on, a journal that fails as told, and a system around them.
import {
  Actor,
  type ActorRef,
  ActorSystem,
  type ActorSystemOptions,
  Directive,
  decideBy,
  InMemoryJournal,
  InMemorySnapshotStore,
  type Journal,
  JournalError,
  type JournalMemory,
  JournalUnknownError,
  type Logger,
  OneForOneStrategy,
  PersistenceExtensionId,
  PersistentActor,
  Props,
  type SnapshotMemory,
  type SnapshotPolicy,
} from '../../src/index.ts';

// A list that remembers what was added. `replyTo` hears of each outcome.
export type Command =
  | { do: 'add'; items: string[]; id?: string; replyTo?: ActorRef }
  | { do: 'addTwice'; items: [string, string]; replyTo?: ActorRef }
  | { do: 'addNested'; item: string; replyTo?: ActorRef }
  | { do: 'addAsync'; item: string; replyTo?: ActorRef }
  | { do: 'failAfterPersist'; item: string; replyTo?: ActorRef }
  | { do: 'failInCallback'; items: string[]; replyTo?: ActorRef }
  | { do: 'run'; run: (actor: ListActor) => void | Promise<void>; replyTo?: ActorRef }
  | { do: 'addWaiting'; item: string; atMost: number; replyTo?: ActorRef }
  | { do: 'get'; replyTo?: ActorRef };
interface Added {
  added: string;
}
export type ListState = readonly string[];

/** What happened inside the actors, in order. */
export const story: string[] = [];

export class ListActor extends PersistentActor<Command, Added, ListState> {
  readonly persistenceId = `list-${this.self.path.name}`;
  policy: SnapshotPolicy | null = null;

  initialState(): ListState {
    return [];
  }

  override isEvent(event: unknown): boolean {
    return typeof (event as Added | null)?.added === 'string';
  }

  override isState(state: unknown): boolean {
    return Array.isArray(state);
  }

  onEvent(state: ListState, event: Added): ListState {
    if (event.added === 'poison' && this.recovering) throw new Error('cannot apply');
    return [...state, event.added];
  }

  onCommand(state: ListState, command: Command): void | Promise<void> {
    const done = (event: Added) => {
      command.replyTo?.tell(`${event.added}@${this.lastSequenceNr}:${this.state.join()}`);
    };
    switch (command.do) {
      case 'add':
        return this.persistAll(
          command.items.map((added) => ({ added })),
          done,
        );
      case 'addTwice':
        this.persist({ added: command.items[0] });
        return this.persist({ added: command.items[1] }, done);
      case 'addNested':
        return this.persist({ added: command.item }, () => {
          this.persist({ added: `${command.item}+` }, done);
        });
      case 'addAsync':
        return Promise.resolve().then(() => this.persist({ added: command.item }, done));
      case 'failAfterPersist':
        this.persist({ added: command.item }, done);
        throw new Error('after persist');
      case 'failInCallback':
        return this.persistAll(
          command.items.map((added) => ({ added })),
          ({ added }) => {
            story.push(`callback ${added}`);
            throw new Error('in callback');
          },
        );
      case 'addWaiting': {
        const isAdd = (next: Command): next is Command & { do: 'add' } => next.do === 'add';
        const more = this.takeWaiting(isAdd, command.atMost);
        const items = [command.item, ...more.flatMap(({ items }) => items)];
        return this.persistAll(
          items.map((added) => ({ added })),
          done,
        );
      }
      case 'run':
        return command.run(this);
      case 'get':
        command.replyTo?.tell([...state]);
        return;
    }
  }

  protected override tagsFor(event: Added): readonly string[] {
    return event.added.startsWith('#') ? ['tagged'] : [];
  }

  protected override snapshotPolicy(): SnapshotPolicy {
    return this.policy ?? super.snapshotPolicy();
  }

  protected override onRecoveryComplete(): void {
    story.push(`recovered ${this.lastSequenceNr}: ${this.state.join()}`);
  }

  protected override onRecoveryFailure(error: Error): void {
    story.push(`recovery failed: ${error.message}`);
  }

  // What `run` commands reach for.
  override persist = super.persist;
  override takeWaiting = super.takeWaiting;
  override saveSnapshot = super.saveSnapshot;
  override deleteHistory = super.deleteHistory;
  get seq(): number {
    return this.lastSequenceNr;
  }
  get items(): ListState {
    return this.state;
  }
}

/** Fails or delays appends as told. */
export class MoodyJournal extends InMemoryJournal {
  failures: ('definite' | 'unknown' | 'unknown but written')[] = [];
  gate: Promise<void> | null = null;
  appends: { events: unknown[]; tags: unknown }[] = [];

  override async append(...args: Parameters<Journal['append']>): Promise<number> {
    this.appends.push({ events: [...args[1]], tags: args[3] });
    if (this.gate !== null) await this.gate;
    const failure = this.failures.shift();
    if (failure === 'definite') throw new JournalError('disk full');
    if (failure === 'unknown') throw new JournalUnknownError('who knows');
    const head = await super.append(...args);
    if (failure === 'unknown but written') throw new JournalUnknownError('who knows');
    return head;
  }
}

interface Line {
  level: string;
  message: string;
  err?: Error;
}

export class ListLogger implements Logger {
  readonly lines: Line[] = [];
  debug = () => undefined;
  info = () => undefined;
  warn = this.at('warn');
  error = this.at('error');
  child(): Logger {
    return this;
  }
  private at(level: string) {
    return (first: object | string, message?: string): void => {
      const fields = typeof first === 'string' ? { message: first } : { ...first, message };
      this.lines.push({ level, ...(fields as { message: string }) });
    };
  }
}

interface Setup {
  memory?: JournalMemory;
  snapshots?: SnapshotMemory;
  directive?: Directive;
  policy?: SnapshotPolicy;
  options?: ActorSystemOptions;
}

export function setUp({ memory, snapshots, directive, policy, options }: Setup = {}) {
  story.length = 0;
  const log = new ListLogger();
  const system = ActorSystem.create('test', { log, ...options });
  const journal = new MoodyJournal(memory);
  const store = new InMemorySnapshotStore(snapshots);
  system.extension(PersistenceExtensionId).setJournal(journal).setSnapshotStore(store);
  const strategy = new OneForOneStrategy({
    decider: decideBy([[Error, directive ?? Directive.Restart]]),
  });
  const props = Props.create(() => {
    const actor = new ListActor();
    actor.policy = policy ?? null;
    return actor;
  });
  class Parent extends Actor {
    readonly list = this.context.spawn(props, 'a');
    override supervisorStrategy() {
      return strategy;
    }
    onReceive(message: ActorRef): void {
      message.tell(this.list);
    }
  }
  const parent = system.spawn(
    Props.create(() => new Parent()),
    'parent',
  );
  let list: ActorRef<Command> | null = null;
  const getList = async () => {
    list ??= await new Promise<ActorRef>((resolve) => {
      class Catch extends Actor {
        onReceive(message: ActorRef): void {
          resolve(message);
        }
      }
      parent.tell(system.spawnAnonymous(Props.create(() => new Catch())));
    });
    return list;
  };
  return { system, log, journal, store, getList };
}
