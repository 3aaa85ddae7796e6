// What a test can do to the links of a node. Only those to the other nodes are meant: clients reach it
// all the while, and so does the journal. The database's link is apart.

export interface Links {
  /** Whether the journal is behind a link that can be cut. */
  readonly hasDatabase: boolean;
  /** Nothing passes between it and the other nodes. */
  cut(node: string): Promise<void>;
  /** It hears nothing from the other nodes; they hear it. */
  cutInbound(node: string): Promise<void>;
  /** It hears the other nodes; they hear nothing from it. */
  cutOutbound(node: string): Promise<void>;
  /**
   * Everything arrives so many milliseconds later, in both directions. Connections are new ones
   * then, and again when that is healed.
   * @throws Error when the node or another one is not running
   */
  delay(node: string, ms: number): Promise<void>;
  /** Each packet is lost with this probability from 0 to 1, in both directions. */
  lose(node: string, share: number): Promise<void>;
  /** The connections that there are end by a reset, at both ends; new ones are free to come. */
  reset(node: string): Promise<void>;
  /** Nothing passes between it and the database. @throws Error when the journal is a file */
  cutFromDatabase(node: string): Promise<void>;
  /** Its links are as they were before; nothing happens where they are. */
  heal(node: string): Promise<void>;
}

/** @throws Error with the reason when the cluster's links cannot be touched */
export function linksOf(cluster: { readonly links: Links | string }): Links {
  if (typeof cluster.links === 'string') throw new Error(cluster.links);
  return cluster.links;
}
