// What the check can find. Each kind breaks one sentence of what the chat promises.

export type FindingKind =
  /** Acked, and nowhere in the journal. */
  | 'lost'
  /** Acked, and in the journal elsewhere than the ack said. */
  | 'acked-elsewhere'
  /** In the journal more than once: the same user, room and id. */
  | 'twice'
  /** In the journal, sent by nobody. */
  | 'unsent'
  /** In the journal with another text than was sent. */
  | 'altered'
  /** In the journal, though every sending of it was refused. */
  | 'refused-yet-written'
  /** A room's stream has a hole, or a message says another place than it has. */
  | 'not-dense'
  /** Sent before the run's end and never acked. */
  | 'unresolved'
  /** A client was shown something else than the journal has under this number. */
  | 'shown-otherwise'
  /** A client's stream skips messages. */
  | 'stream-gap'
  /** A client's stream repeats messages, or goes back. */
  | 'stream-repeated'
  /** A client that missed few enough messages to be brought up to date was not. */
  | 'resume-refused'
  /** An answer to a join holds other messages than it says. */
  | 'resume-wrong'
  /** A client never saw the last messages of a room. */
  | 'behind'
  /** A message was acked before another one was sent, and stands after it. */
  | 'order'
  /** No message that was sent to a room after a fault was acked any more. */
  | 'no-ack-after'
  /** The cluster was not whole again in time, or a fault could not be begun or ended. */
  | 'not-whole';

export interface Finding {
  readonly kind: FindingKind;
  /** What was found where, for a person who looks it up in history and journal. */
  readonly what: string;
}
