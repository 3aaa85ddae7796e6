// Who watches whom across nodes. `outgoing`: actors of ours that watch actors elsewhere; kept so that
// a new connection can repeat the watch and a removed node can be answered for. `incoming`: actors
// elsewhere that watch ours; kept so that their watches end with their node.
import type { ActorRef } from '../actor/ActorRef.ts';
import type { RemoteActorRef } from './RemoteActorRef.ts';

/** One remote actor that is watched from here. */
export interface OutgoingWatch {
  readonly actor: RemoteActorRef;
  readonly watchers: Map<string, ActorRef>;
  /** The incarnation that the actor belongs to; null until a connection tells. */
  incarnation: string | null;
}

interface IncomingWatch {
  readonly actor: ActorRef;
  readonly watcher: ActorRef;
}

export class RemoteWatches {
  /** By address, then by path. */
  private readonly outgoing = new Map<string, Map<string, OutgoingWatch>>();
  /** By address of the watcher, then by both paths. */
  private readonly incoming = new Map<string, Map<string, IncomingWatch>>();

  add(actor: RemoteActorRef, watcher: ActorRef, incarnation: string | null): void {
    const ofNode = entry(this.outgoing, nodeOf(actor));
    const key = keyOf(actor);
    const watch = ofNode.get(key);
    if (watch === undefined) {
      ofNode.set(key, { actor, watchers: new Map([[keyOf(watcher), watcher]]), incarnation });
    } else {
      watch.watchers.set(keyOf(watcher), watcher);
    }
  }

  remove(actor: ActorRef, watcher: ActorRef): void {
    const ofNode = this.outgoing.get(nodeOf(actor));
    const watch = ofNode?.get(keyOf(actor));
    if (ofNode === undefined || watch === undefined) return;
    watch.watchers.delete(keyOf(watcher));
    if (watch.watchers.size === 0) ofNode.delete(keyOf(actor));
    if (ofNode.size === 0) this.outgoing.delete(nodeOf(actor));
  }

  /** All watches of actors at `node`. */
  at(node: string): OutgoingWatch[] {
    return [...(this.outgoing.get(node)?.values() ?? [])];
  }

  /** Takes out the watches of an actor that has died. A watch with uid 0 means whoever is there. */
  takeDead(node: string, path: string, uid: number): OutgoingWatch[] {
    return this.takeWhere(node, ({ actor }) => {
      return actor.path.path === path && (actor.path.uid === uid || actor.path.uid === 0);
    });
  }

  /** Takes out the watches at `node` that `fits` is true for. */
  takeWhere(node: string, fits: (watch: OutgoingWatch) => boolean): OutgoingWatch[] {
    const ofNode = this.outgoing.get(node);
    if (ofNode === undefined) return [];
    const taken: OutgoingWatch[] = [];
    for (const [key, watch] of ofNode) {
      if (!fits(watch)) continue;
      ofNode.delete(key);
      taken.push(watch);
    }
    if (ofNode.size === 0) this.outgoing.delete(node);
    return taken;
  }

  /** False when it is known already. */
  addIncoming(actor: ActorRef, watcher: ActorRef): boolean {
    const ofNode = entry(this.incoming, nodeOf(watcher));
    const key = `${keyOf(actor)} ${keyOf(watcher)}`;
    if (ofNode.has(key)) return false;
    ofNode.set(key, { actor, watcher });
    return true;
  }

  removeIncoming(actor: ActorRef, watcher: ActorRef): void {
    const ofNode = this.incoming.get(nodeOf(watcher));
    if (ofNode === undefined) return;
    ofNode.delete(`${keyOf(actor)} ${keyOf(watcher)}`);
    if (ofNode.size === 0) this.incoming.delete(nodeOf(watcher));
  }

  /** The node of these watchers is gone. */
  takeIncoming(node: string): IncomingWatch[] {
    const taken = [...(this.incoming.get(node)?.values() ?? [])];
    this.incoming.delete(node);
    return taken;
  }
}

function entry<T>(map: Map<string, Map<string, T>>, key: string): Map<string, T> {
  let inner = map.get(key);
  if (inner === undefined) {
    inner = new Map();
    map.set(key, inner);
  }
  return inner;
}

function nodeOf(ref: ActorRef): string {
  return ref.path.address!.toString();
}

function keyOf(ref: ActorRef): string {
  return `${ref.path.path}#${ref.path.uid}`;
}
