// What the black-box tests need of a cluster, whatever runs it: operating-system processes, or
// containers where an engine answers.

import type { JournalData } from './JournalData.ts';
import type { Links } from './links/Links.ts';

export interface TestNode {
  readonly name: string;
  /** `http://host:port` of the chat, as a client reaches it. */
  readonly http: string;
  /** `http://host:port` of the management endpoints. */
  readonly management: string;
  readonly isRunning: boolean;
  /** Ends it at once, as a power cut would; resolves once it is gone. */
  kill(): Promise<void>;
  /** Asks it to go (SIGTERM) and waits until it is gone. @returns its exit code */
  stop(): Promise<number | null>;
  /** Freezes it: its sockets stay open and answer nothing. */
  pause(): Promise<void>;
  /** Lets it go on; nothing happens to one that runs. */
  resume(): Promise<void>;
  /** Sends it a signal that its program listens for. */
  signal(name: NodeJS.Signals): Promise<void>;
  /** Starts it again, same name and addresses, and waits until it is ready. */
  start(): Promise<void>;
}

export interface TestCluster<TNode extends TestNode = TestNode> extends AsyncDisposable {
  readonly nodes: readonly TNode[];
  /** What the nodes were given as CHAT_SECRET. */
  readonly secret: string;
  /** A folder for what a test writes; it is gone with the cluster. */
  readonly dir: string;
  /** The SQLite journal that the nodes share. */
  readonly data: JournalData;
  /** What spoils the network between the nodes; or why that cannot be had. */
  readonly links: Links | string;
  /** Everything the nodes have said so far, for the report of a failed test. */
  output(): string;
}

export interface ClusterOptions {
  /** Settings on top of the usual ones, for every node. */
  readonly env?: Readonly<Record<string, string>>;
  /** The file that every node runs; the finished chat by default. */
  readonly program?: string;
  /**
   * What has to hold before the tests begin. `cluster`, the default: every node is ready, and a
   * member in the eyes of all. `nodes`: every node is ready; members are waited for too, but a
   * cluster that stays incomplete is for the tests to find. `http`: every node answers HTTP, which
   * is all that a program without a cluster can be asked for.
   */
  readonly wanted?: Wanted;
  /** Told each line that a node says, its name first. */
  readonly said?: (line: string) => void;
}

export type Wanted = 'cluster' | 'nodes' | 'http';

export interface Driver {
  /** Resolves once `options.wanted` holds. */
  startCluster(nodes: number, options?: ClusterOptions): Promise<TestCluster>;
}
