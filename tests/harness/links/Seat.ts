// Where a node, or the database, sits in the network.

export interface Seat {
  readonly name: string;
  /** Null while it has none, such as a container that does not run; it may differ after a start. */
  locate(): Promise<Place | null>;
}

export interface Place {
  /** The file that stands for its network namespace. */
  readonly netns: string;
  /** Its IPv4 address in the network of the nodes; the database's is in the database's network. */
  readonly address: string;
  /** A node's address in the database's network. */
  readonly databaseAddress?: string;
  /** A node's way to the machine that the tests run on: its own address there, and the machine's. */
  readonly outside?: { readonly own: string; readonly machine: string };
  /** Where a node listens for the others, on all of its addresses. */
  readonly clusterPort?: number;
}
