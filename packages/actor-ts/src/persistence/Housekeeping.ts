// Saving snapshots and deleting history of one persistent actor, beside its work: one thing at a
// time, and a failure is logged and stops nobody.
import type { Logger } from '../actor/Logger.ts';
import { JournalError } from '../errors.ts';
import type { Journal } from './Journal.ts';
import type { SnapshotStore } from './SnapshotStore.ts';

/** What the actor holds at the moment. */
export interface Moment {
  readonly sequenceNr: number;
  readonly state: unknown;
}

export class Housekeeping {
  private readonly persistenceId: string;
  private readonly journal: Journal;
  private readonly snapshotStore: SnapshotStore;
  private readonly log: Logger;
  private readonly now: () => Moment;
  /** The newest snapshot in the store. */
  private savedSeq: number;
  /** The newest snapshot asked for, saved or not. */
  private askedSeq: number;
  private snapshotAsked = false;
  private deleteToSeq = 0;
  private running: Promise<void> | null = null;

  constructor(
    persistenceId: string,
    journal: Journal,
    snapshotStore: SnapshotStore,
    log: Logger,
    snapshotSeq: number,
    now: () => Moment,
  ) {
    this.persistenceId = persistenceId;
    this.journal = journal;
    this.snapshotStore = snapshotStore;
    this.log = log;
    this.savedSeq = snapshotSeq;
    this.askedSeq = snapshotSeq;
    this.now = now;
  }

  get lastSnapshotSeq(): number {
    return this.askedSeq;
  }

  askForSnapshot(): void {
    this.snapshotAsked = true;
  }

  askForDeletion(toSeq: number): void {
    this.deleteToSeq = Math.max(this.deleteToSeq, toSeq);
  }

  /** Starts what was asked for. Call it when no event waits to be written or applied. */
  start(): void {
    if (this.running === null && (this.snapshotAsked || this.deleteToSeq > 0)) {
      this.running = this.run();
    }
  }

  /** What is under way, if anything. Never rejects. */
  get underWay(): Promise<void> | null {
    return this.running;
  }

  private async run(): Promise<void> {
    while (this.snapshotAsked || this.deleteToSeq > 0) {
      if (this.snapshotAsked) {
        this.snapshotAsked = false;
        await this.attempt('saving a snapshot failed', () => this.save());
      } else {
        const toSeq = this.deleteToSeq;
        this.deleteToSeq = 0;
        await this.attempt('deleting history failed', () => this.delete(toSeq));
      }
    }
    this.running = null;
  }

  private async save(): Promise<void> {
    const { sequenceNr, state } = this.now();
    if (sequenceNr === 0 || sequenceNr === this.savedSeq) return;
    this.askedSeq = sequenceNr;
    try {
      await this.snapshotStore.save(this.persistenceId, sequenceNr, state);
      this.savedSeq = sequenceNr;
    } finally {
      this.askedSeq = this.savedSeq;
    }
  }

  private async delete(toSeq: number): Promise<void> {
    if (toSeq > this.savedSeq) {
      throw new JournalError(
        `the events of '${this.persistenceId}' up to ${toSeq} are still needed: the newest ` +
          `snapshot is ${this.savedSeq}; save one first`,
      );
    }
    await this.journal.delete(this.persistenceId, toSeq);
    // Older snapshots would need events that are gone now.
    await this.snapshotStore.delete(this.persistenceId, toSeq - 1);
  }

  private async attempt(failure: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.log.error({ err: error, persistenceId: this.persistenceId }, failure);
    }
  }
}
