// What the black-box tests need of a cluster, whatever runs it: operating-system processes here,
// containers where an engine answers.

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
  pause(): void;
  resume(): void;
  /** Starts it again, same name and addresses, and waits until it is ready. */
  start(): Promise<void>;
}

export interface TestCluster extends AsyncDisposable {
  readonly nodes: readonly TestNode[];
  /** What the nodes were given as CHAT_SECRET. */
  readonly secret: string;
  /** Everything the nodes have said so far, for the report of a failed test. */
  output(): string;
}

export interface ClusterOptions {
  /** Settings on top of the usual ones, for every node. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Driver {
  /** Resolves once every node is ready and all are members. */
  startCluster(nodes: number, options?: ClusterOptions): Promise<TestCluster>;
}
