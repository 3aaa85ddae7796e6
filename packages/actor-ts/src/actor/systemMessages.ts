// Messages of the runtime itself. They overtake user messages, work on suspended actors, and four
// of them (watch, unwatch, death, terminate) also travel between nodes.
import type { ActorCell } from './ActorCell.ts';
import type { ActorRef } from './ActorRef.ts';

export type WireSystemMessage =
  | { readonly kind: 'watch'; readonly watcher: ActorRef }
  | { readonly kind: 'unwatch'; readonly watcher: ActorRef }
  /** `actor` has stopped, or (`addressTerminated`) the node that it lived on is gone. */
  | { readonly kind: 'death'; readonly actor: ActorRef; readonly addressTerminated: boolean }
  | { readonly kind: 'terminate' };

export type SystemMessage =
  | WireSystemMessage
  | { readonly kind: 'start' }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'restart'; readonly reason: Error; readonly message: unknown }
  | {
      readonly kind: 'failed';
      readonly child: ActorCell;
      readonly reason: Error;
      readonly message: unknown;
    }
  | { readonly kind: 'child-stopped'; readonly child: ActorCell };
