// The sending side of Remoting: puts messages into frames and frames into the transport.
//
// A tell does not write. It puts its message into the frame that is open for the peer, or closes that
// one and opens another; at the end of the turn of the event loop all open frames are closed and
// what is queued is written. (A transport with much in its queue writes before that.) A message that is
// told to several refs in a row is encoded once, so it must not be changed after it has been told.
import type { ActorRef } from '../actor/ActorRef.ts';
import type { ActorSystem } from '../actor/ActorSystem.ts';
import { EncodeError } from '../errors.ts';
import type { Association } from './Association.ts';
import type { Codec } from './Codec.ts';
import { Losses } from './Losses.ts';
import { RemoteActorRef } from './RemoteActorRef.ts';
import { encodeSystemFrame, type WireSystemFrame } from './systemFrames.ts';
import type { Transport } from './Transport.ts';

/** Stands for "no message", which is no value a message can have. */
const NOTHING = Symbol('nothing');

export class Outbox {
  private readonly system: ActorSystem;
  private readonly transport: Transport;
  private readonly codec: Codec;
  private readonly maxFrameBytes: number;
  private readonly losses: Losses;
  /** Associations that have, or had, a frame open in this turn. */
  private open: Association[] = [];
  private turnScheduled = false;
  private ended = false;
  /** The message that was encoded last, for peers that are told the same one after the other. */
  private encoded: unknown = NOTHING;
  private encodedBody: Uint8Array | null = null;

  constructor(system: ActorSystem, transport: Transport, codec: Codec, maxFrameBytes: number) {
    this.system = system;
    this.transport = transport;
    this.codec = codec;
    this.maxFrameBytes = maxFrameBytes;
    this.losses = new Losses(system.log, system.scheduler);
  }

  /** Messages that became dead letters here since the start. */
  get lostMessages(): number {
    return this.losses.total;
  }

  tell(ref: RemoteActorRef, message: unknown, sender: ActorRef | null): void {
    const { association } = ref;
    if (association.extend(ref, message, sender)) return;
    if (association.targets.length > 0) this.close(association);
    if (association.quarantined && ref.lane !== 'control') {
      this.refuse([ref], message, sender, 'the node has been removed');
      return;
    }
    const body = this.encode(ref, message, sender);
    if (body === null) return;
    if (!association.open(body, ref, message, sender)) {
      const reason = `the frame would be larger than maxFrameBytes (${this.maxFrameBytes})`;
      this.refuse([ref], message, sender, reason);
      return;
    }
    if (!association.listed) {
      association.listed = true;
      this.open.push(association);
    }
    this.scheduleTurnEnd();
  }

  /** Sends a message of the runtime, in order with what was told before. */
  sendFrame(ref: RemoteActorRef, content: Omit<WireSystemFrame, 'path' | 'uid'>): void {
    const { association } = ref;
    if (association.targets.length > 0) this.close(association);
    if (association.quarantined) return;
    const { path, uid } = ref.path;
    const frame = encodeSystemFrame({ ...content, path, uid }, this.codec);
    const lane = ref.lane === 'control' ? 'control' : 'system';
    this.scheduleTurnEnd();
    if (this.transport.send(association.address, frame, lane) || this.ended) return;
    // Without it the two nodes would disagree about who is watched; a new connection settles that.
    this.transport.disconnect(association.address, 'no room for a message of the runtime');
  }

  /** Makes dead letters of a message, with a reason for the log. */
  refuse(
    targets: readonly ActorRef[],
    message: unknown,
    sender: ActorRef | null,
    reason: string,
  ): void {
    // What keeps the membership is repeated until it is answered: to lose it is no loss.
    if (targets.every((target) => target instanceof RemoteActorRef && target.lane === 'control')) {
      return;
    }
    const peer = targets[0]?.path.address?.toString() ?? 'nobody';
    this.losses.add(peer, reason, targets.length);
    for (const target of targets) this.system.deadLetter(message, sender, target);
  }

  /** Sends everything now instead of at the end of the turn. */
  readonly flush = (): void => {
    this.turnScheduled = false;
    const { open } = this;
    this.open = [];
    for (const association of open) {
      association.listed = false;
      if (association.targets.length > 0) this.close(association);
    }
    this.encoded = NOTHING;
    this.encodedBody = null;
    this.transport.flush();
  };

  /** What is told from now on are dead letters. */
  async end(): Promise<void> {
    this.flush();
    this.ended = true;
    await this.transport.close();
    this.losses.say();
  }

  private encode(
    ref: RemoteActorRef,
    message: unknown,
    sender: ActorRef | null,
  ): Uint8Array | null {
    if (message === this.encoded) return this.encodedBody!;
    try {
      const body = this.codec.encode(message);
      this.encoded = message;
      this.encodedBody = body;
      return body;
    } catch (error) {
      if (!(error instanceof EncodeError)) throw error;
      this.refuse([ref], message, sender, error.message);
      return null;
    }
  }

  private close(association: Association): void {
    if (association.send()) {
      association.clear();
      return;
    }
    const { message, sender } = association;
    const targets = [...association.targets];
    // Cleared first, because whoever hears of the dead letters may tell this peer something.
    association.clear();
    const reason = this.ended ? 'remoting has ended' : 'the send queue is full';
    this.refuse(targets, message, sender, reason);
  }

  /**
   * The turn ends when all sockets that have something have been read and all actors have run, so
   * that what they send goes out together.
   */
  private scheduleTurnEnd(): void {
    if (this.turnScheduled) return;
    this.turnScheduled = true;
    setImmediate(this.flush);
  }
}
