// Death watch across nodes. A watch is repeated on every new connection, because what was sent on an
// earlier one may be lost; the node of a dead actor answers it with the death. So a death is told
// sooner or later, at the latest when the node is removed.
import { ActorPath } from '../actor/ActorPath.ts';
import type { ActorRef } from '../actor/ActorRef.ts';
import type { Address, UniqueAddress } from '../actor/Address.ts';
import { DeadLetterRef } from '../actor/DeadLetterRef.ts';
import type { Association } from './Association.ts';
import { RemoteActorRef } from './RemoteActorRef.ts';
import { type OutgoingWatch, RemoteWatches } from './RemoteWatches.ts';
import type { Remoting } from './Remoting.ts';
import type { WireSystemFrame } from './systemFrames.ts';

export class RemoteDeathWatch {
  private readonly remoting: Remoting;
  private readonly watches = new RemoteWatches();

  constructor(remoting: Remoting) {
    this.remoting = remoting;
  }

  /** `watcher`, an actor of this node, watches `actor`, one of another. */
  watch(actor: RemoteActorRef, watcher: ActorRef): void {
    const { association } = actor;
    if (association.quarantined) {
      watcher.sendSystem({ kind: 'death', actor, addressTerminated: true });
      return;
    }
    this.watches.add(actor, watcher, association.incarnation);
    this.remoting.outbox.sendFrame(actor, { kind: 'watch', other: watcher.path });
  }

  unwatch(actor: RemoteActorRef, watcher: ActorRef): void {
    this.watches.remove(actor, watcher);
    this.remoting.outbox.sendFrame(actor, { kind: 'unwatch', other: watcher.path });
  }

  /** An actor of this node has died that `watcher`, one of another, watches. */
  tellDeath(actor: ActorRef, watcher: RemoteActorRef): void {
    this.watches.removeIncoming(actor, watcher);
    this.remoting.outbox.sendFrame(watcher, { kind: 'death', other: actor.path });
  }

  /** A frame of kind `watch`, `unwatch` or `death` has arrived. */
  receive({ kind, path, uid, other }: WireSystemFrame, from: Address): void {
    if (kind === 'death') {
      bury(this.watches.takeDead(from.toString(), other!.path, other!.uid), false);
      return;
    }
    const { system } = this.remoting;
    const actor = system.resolveLocal(path, uid);
    const watcher = new RemoteActorRef(this.remoting, new ActorPath(from, other!.path, other!.uid));
    if (kind === 'unwatch') {
      this.watches.removeIncoming(actor, watcher);
      actor.sendSystem({ kind: 'unwatch', watcher });
    } else if (actor instanceof DeadLetterRef || this.watches.addIncoming(actor, watcher)) {
      actor.sendSystem({ kind: 'watch', watcher });
    }
  }

  /** There is a new connection with `peer`; `before` is the incarnation that was there earlier. */
  connected(peer: UniqueAddress, before: string | null): void {
    const node = peer.address.toString();
    if (before !== null && before !== peer.uid) this.endWatchesFrom(node);
    const isStale = ({ incarnation }: OutgoingWatch) => {
      return incarnation !== null && incarnation !== peer.uid;
    };
    bury(this.watches.takeWhere(node, isStale), true);
    for (const watch of this.watches.at(node)) {
      watch.incarnation = peer.uid;
      for (const watcher of watch.watchers.values()) {
        this.remoting.outbox.sendFrame(watch.actor, { kind: 'watch', other: watcher.path });
      }
    }
  }

  removed(node: UniqueAddress, association: Association | undefined): void {
    const key = node.address.toString();
    const here = association?.incarnation ?? null;
    const isGone = ({ incarnation }: OutgoingWatch) => {
      return incarnation === node.uid || (incarnation === null && here === null);
    };
    bury(this.watches.takeWhere(key, isGone), true);
    if (here === null || here === node.uid) this.endWatchesFrom(key);
  }

  private endWatchesFrom(node: string): void {
    for (const { actor, watcher } of this.watches.takeIncoming(node)) {
      actor.sendSystem({ kind: 'unwatch', watcher });
    }
  }
}

function bury(watches: readonly OutgoingWatch[], addressTerminated: boolean): void {
  for (const { actor, watchers } of watches) {
    for (const watcher of watchers.values()) {
      watcher.sendSystem({ kind: 'death', actor, addressTerminated });
    }
  }
}
