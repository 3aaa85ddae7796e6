// The life of a store: opening → open → closing → closed. It opens on first use.
import { JournalClosedError } from '../errors.ts';

export type StoreStatus = 'opening' | 'open' | 'closing' | 'closed';

export abstract class Store implements AsyncDisposable {
  #status: StoreStatus = 'opening';
  #opening: Promise<void> | null = null;
  #closing: Promise<void> | null = null;

  get status(): StoreStatus {
    return this.#status;
  }

  /** Opens now rather than on first use, to fail early. A failed opening is tried again on next use. */
  open(): Promise<void> {
    if (this.#status === 'open') return Promise.resolve();
    if (this.#status !== 'opening') return Promise.reject(this.closedError());
    this.#opening ??= this.doOpen().then(
      () => {
        if (this.#status === 'opening') this.#status = 'open';
      },
      (error: unknown) => {
        this.#opening = null;
        throw error;
      },
    );
    return this.#opening;
  }

  /** Finishes what is under way, then lets go of everything. Calling it again is fine. */
  close(): Promise<void> {
    this.#closing ??= this.shutDown();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected abstract doOpen(): Promise<void>;

  /** Called at most once, after `doOpen` has ended; that may have failed. */
  protected abstract doClose(): Promise<void>;

  /** Resolves once the store can be used. @throws JournalClosedError */
  protected async whenOpen(): Promise<void> {
    await this.open();
    if (this.#status !== 'open') throw this.closedError();
  }

  protected closedError(): JournalClosedError {
    return new JournalClosedError(`this ${this.constructor.name} is ${this.#status}`);
  }

  private async shutDown(): Promise<void> {
    const opening = this.#opening;
    this.#status = 'closing';
    try {
      if (opening !== null) {
        // A failure to open has been told to those who waited for it.
        await opening.catch(() => undefined);
        await this.doClose();
      }
    } finally {
      this.#status = 'closed';
    }
  }
}
