// Actors of other nodes: their refs, what arrives from them, and what is known of the nodes. The
// sending side is in Outbox.
import { randomBytes } from 'node:crypto';
import type { TlsOptions } from 'node:tls';
import { ActorPath } from '../actor/ActorPath.ts';
import { ActorRef } from '../actor/ActorRef.ts';
import type { ActorSystem, RemoteHook } from '../actor/ActorSystem.ts';
import { Address, type UniqueAddress } from '../actor/Address.ts';
import { DeadLetterRef } from '../actor/DeadLetterRef.ts';
import type { SystemMessage } from '../actor/systemMessages.ts';
import { DecodeError, EncodeError } from '../errors.ts';
import { checkOptions, isInteger, isObject, isPort, isString } from '../options.ts';
import { Association } from './Association.ts';
import { Codec, type RefImporter } from './Codec.ts';
import {
  EnvelopeReader,
  MESSAGE_FRAME,
  NO_SENDER,
  SENDER_ELSEWHERE,
  SENDER_IS_REPLY_TO,
  SYSTEM_FRAME,
} from './envelope.ts';
import { DEFAULT_MAX_FRAME_BYTES } from './FrameReader.ts';
import { LocalPathRef } from './LocalPathRef.ts';
import { Outbox } from './Outbox.ts';
import { Quarantine } from './Quarantine.ts';
import { RemoteActorRef } from './RemoteActorRef.ts';
import { RemoteDeathWatch } from './RemoteDeathWatch.ts';
import { decodeSystemFrame, type WireSystemFrame } from './systemFrames.ts';
import { TcpTransport } from './TcpTransport.ts';
import type { LossEvidence, RejectReason, Transport, TransportEvents } from './Transport.ts';

export interface RemotingOptions {
  /** Name or IP address that others reach this node by. */
  readonly host: string;
  /** Where it listens, when that is another one (a container: 0.0.0.0). Default: `host`. */
  readonly bindHost?: string;
  /** 0: any free port. */
  readonly port: number;
  /** Default: TCP. */
  readonly transport?: Transport;
  /** Shared by all nodes of the cluster; never sent. Without it, anybody who reaches the port may join. */
  readonly secret?: string;
  /** Node's TLS options, used for the server and for the client side. */
  readonly tls?: TlsOptions;
  /** Bytes, from 1024 to 64 MiB, in both directions. Default 1 MiB. */
  readonly maxFrameBytes?: number;
}

type ConnectedListener = (peer: UniqueAddress) => void;
type LostListener = (peer: Address, evidence: LossEvidence) => void;
type RejectedListener = (peer: Address, reason: RejectReason, by: 'us' | 'them') => void;

/** Addresses of third nodes that are remembered in parsed form. */
const MAX_PARSED = 1000;
export class Remoting implements TransportEvents, RefImporter, RemoteHook {
  readonly system: ActorSystem;
  /** @internal */
  readonly outbox: Outbox;
  private readonly transport: Transport;
  private readonly maxFrameBytes: number;
  private readonly codec: Codec;
  private readonly deathWatch = new RemoteDeathWatch(this);
  private readonly quarantine = new Quarantine();
  private readonly associations = new Map<string, Association>();
  private readonly parsed = new Map<string, Address>();
  private readonly connectedListeners = new Set<ConnectedListener>();
  private readonly lostListeners = new Set<LostListener>();
  private readonly rejectedListeners = new Set<RejectedListener>();
  private unique: UniqueAddress;
  private selfText = '';
  private readonly reader = new EnvelopeReader();
  private stopping: Promise<void> | null = null;

  private constructor(system: ActorSystem, transport: Transport, options: RemotingOptions) {
    this.system = system;
    this.transport = transport;
    this.maxFrameBytes = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
    this.codec = new Codec(this, system.log);
    this.outbox = new Outbox(system, transport, this.codec, this.maxFrameBytes);
    this.unique = { address: new Address(system.name, options.host, options.port), uid: newUid() };
  }

  /**
   * Listens on `bindHost:port`, makes `system` reachable there and ends with it.
   * @throws OptionsError, TransportBindError
   */
  static async start(system: ActorSystem, options: RemotingOptions): Promise<Remoting> {
    checkRemotingOptions(options);
    const { transport, ...settings } = options;
    const remoting = new Remoting(
      system,
      transport ?? new TcpTransport({ ...settings, log: system.log }),
      options,
    );
    await remoting.listen(options);
    system.remote = remoting;
    system.registerOnTermination(() => remoting.shutdown());
    return remoting;
  }

  /** This node in its current incarnation. */
  get self(): UniqueAddress {
    return this.unique;
  }

  get selfAddress(): Address {
    return this.unique.address;
  }

  /** Messages that could not be sent, or were given up, since the start. */
  get lostMessages(): number {
    return this.outbox.lostMessages;
  }

  /**
   * Whoever is at `path` of the node at `address`. Recipients at and below `/system/cluster` get
   * their messages ahead of others.
   */
  refFor(address: Address, path: string): ActorRef {
    if (!this.isSelf(address)) return new RemoteActorRef(this, new ActorPath(address, path, 0));
    const ref = this.system.resolveLocal(path, 0);
    return ref instanceof DeadLetterRef ? new LocalPathRef(this.system, path) : ref;
  }

  onConnected(listener: ConnectedListener): () => void {
    return subscribe(this.connectedListeners, listener);
  }

  onLost(listener: LostListener): () => void {
    return subscribe(this.lostListeners, listener);
  }

  /** `quarantined` by `them`: that node's cluster has removed this incarnation. */
  onRejected(listener: RejectedListener): () => void {
    return subscribe(this.rejectedListeners, listener);
  }

  /**
   * That incarnation is no longer a member: whoever watches its actors gets their death, its own
   * watches end, and nothing is sent to it or taken from it any more; if it calls, it is told so.
   */
  nodeRemoved(node: UniqueAddress): void {
    if (node.uid === this.unique.uid) return;
    this.quarantine.add(node);
    const association = this.associations.get(node.address.toString());
    this.deathWatch.removed(node, association);
    if (association?.incarnation === node.uid) association.quarantined = true;
    this.outbox.flush();
    this.transport.disconnect(node.address, 'the node has been removed', node.uid);
  }

  /**
   * Takes back `nodeRemoved` as far as talking goes: two halves of a cluster that have removed each
   * other have to settle which of them stays.
   */
  pardon(node: UniqueAddress): void {
    this.quarantine.remove(node);
    const association = this.associations.get(node.address.toString());
    if (association?.incarnation === node.uid) association.quarantined = false;
  }

  /**
   * Becomes a new incarnation, to others a node that they have never seen: drops all connections,
   * and forgets who had been removed.
   */
  renew(): void {
    this.outbox.flush();
    this.unique = { address: this.unique.address, uid: newUid() };
    this.quarantine.clear();
    for (const association of this.associations.values()) {
      association.quarantined = false;
      this.transport.disconnect(association.address, 'this node became a new incarnation');
    }
  }

  /** Writes what is queued, closes all connections and stops listening. Idempotent. */
  shutdown(): Promise<void> {
    this.stopping ??= this.stop();
    return this.stopping;
  }

  // ---- what refs do ----------------------------------------------------------------------------

  /** @internal */
  sendSystem(ref: RemoteActorRef, message: SystemMessage): void {
    switch (message.kind) {
      case 'watch':
        this.deathWatch.watch(ref, message.watcher);
        break;
      case 'unwatch':
        this.deathWatch.unwatch(ref, message.watcher);
        break;
      case 'death':
        this.deathWatch.tellDeath(message.actor, ref);
        break;
      case 'terminate':
        this.outbox.sendFrame(ref, { kind: 'terminate', other: null });
        break;
      default:
        // The others are between a cell and its children, which are always on one node.
        throw new EncodeError(`a system message '${message.kind}' cannot travel`);
    }
  }

  /** @internal */
  associationWith(address: Address): Association {
    const key = address.toString();
    let association = this.associations.get(key);
    if (association === undefined) {
      association = new Association(address, this.transport, this.maxFrameBytes);
      this.associations.set(key, association);
    }
    return association;
  }

  /** @internal @throws DecodeError for an address that is none */
  importRef(address: string | null, path: string, uid: number, from: Address): ActorRef {
    const at = address === null ? from : this.addressOf(address);
    if (this.isSelf(at)) return this.system.resolveLocal(path, uid);
    return new RemoteActorRef(this, new ActorPath(at, path, uid));
  }

  // ---- what the transport tells ----------------------------------------------------------------

  /** @internal @throws DecodeError; the connection is closed then */
  frame(from: UniqueAddress, bytes: Buffer, start: number, end: number): void {
    if (this.quarantine.has(from)) return;
    if (start === end) throw new DecodeError('a frame has no bytes');
    const type = bytes[start];
    switch (type) {
      case MESSAGE_FRAME:
        this.receiveMessage(bytes, start, end, from.address);
        break;
      case SYSTEM_FRAME:
        this.receiveSystem(
          decodeSystemFrame(bytes, start, end, this.codec, from.address),
          from.address,
        );
        break;
      default:
        throw new DecodeError(`there is no frame of type ${type}`);
    }
  }

  /** @internal */
  connected(peer: UniqueAddress): void {
    const association = this.associationWith(peer.address);
    const before = association.incarnation;
    association.incarnation = peer.uid;
    association.quarantined = false;
    this.deathWatch.connected(peer, before);
    for (const listener of this.connectedListeners) listener(peer);
  }

  /** @internal */
  lost(peer: Address, evidence: LossEvidence): void {
    for (const listener of this.lostListeners) listener(peer, evidence);
  }

  /** @internal */
  rejected(peer: Address, reason: RejectReason, by: 'us' | 'them'): void {
    for (const listener of this.rejectedListeners) listener(peer, reason, by);
  }

  /** @internal */
  quarantined(peer: UniqueAddress): boolean {
    return this.quarantine.has(peer);
  }

  /** @internal */
  undeliverable(peer: Address, frame: Buffer, reason: string): void {
    // A lost watch is repeated by the next connection, and a lost death is its answer.
    if (frame[0] !== MESSAGE_FRAME) return;
    const reader = new EnvelopeReader();
    reader.open(frame, 0, frame.length);
    const message = this.codec.decode(frame, this.selfAddress, reader.start, reader.end);
    const sender = this.readSender(reader, message, this.selfAddress);
    const targets: ActorRef[] = [];
    while (reader.more) {
      reader.readTarget();
      targets.push(new RemoteActorRef(this, new ActorPath(peer, reader.path, reader.uid)));
    }
    this.outbox.refuse(targets, message, sender, reason);
  }

  // ---- receiving -------------------------------------------------------------------------------

  private receiveMessage(bytes: Buffer, start: number, end: number, from: Address): void {
    const { reader } = this;
    reader.open(bytes, start, end);
    const message = this.codec.decode(bytes, from, reader.start, reader.end);
    const sender = this.readSender(reader, message, from);
    do {
      reader.readTarget();
      this.system.resolveLocal(reader.path, reader.uid).tell(message, sender);
    } while (reader.more);
  }

  private readSender(reader: EnvelopeReader, message: unknown, from: Address): ActorRef | null {
    const kind = reader.readSenderKind();
    if (kind === NO_SENDER) return null;
    if (kind === SENDER_IS_REPLY_TO) {
      const replyTo = (message as { replyTo?: unknown } | null | undefined)?.replyTo;
      if (!(replyTo instanceof ActorRef)) throw new DecodeError('the message has no replyTo');
      return replyTo;
    }
    const address = kind === SENDER_ELSEWHERE ? reader.readAddress() : null;
    return this.importRef(address, reader.path, reader.uid, from);
  }

  private receiveSystem(frame: WireSystemFrame, from: Address): void {
    if (frame.kind === 'terminate') this.system.resolveLocal(frame.path, frame.uid).stop();
    else this.deathWatch.receive(frame, from);
  }

  // ---- lifecycle -------------------------------------------------------------------------------

  private async listen(options: RemotingOptions): Promise<void> {
    const { host, port } = options;
    const uid = () => this.unique.uid;
    const address = await this.transport.listen(
      { system: this.system.name, host, port, uid },
      this,
    );
    this.unique = { address, uid: this.unique.uid };
    this.selfText = address.toString();
  }

  private async stop(): Promise<void> {
    await this.outbox.end();
    this.system.remote = null;
  }

  private isSelf(address: Address): boolean {
    return address.toString() === this.selfText;
  }

  private addressOf(text: string): Address {
    const known = this.parsed.get(text);
    if (known !== undefined) return known;
    const address = parseAddress(text);
    if (this.parsed.size >= MAX_PARSED) this.parsed.clear();
    this.parsed.set(text, address);
    return address;
  }
}

function checkRemotingOptions(options: RemotingOptions): void {
  checkOptions(
    'Remoting.start',
    options,
    {
      host: isString,
      bindHost: isString,
      port: isPort,
      transport: isObject,
      secret: isString,
      tls: isObject,
      maxFrameBytes: isInteger(1024, 64 * 1024 * 1024),
    },
    ['host', 'port'],
  );
}

function parseAddress(text: string): Address {
  try {
    return Address.parse(text);
  } catch (cause) {
    throw new DecodeError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function newUid(): string {
  return randomBytes(8).toString('hex');
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
