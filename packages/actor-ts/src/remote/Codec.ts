// Messages to bytes and back: msgpackr for plain data, tags for the rest (see toWire and fromWire).
// Nothing is remembered from one message to the next: no shared structures, no string tables.
import { Packr } from 'msgpackr';
import type { ActorRef } from '../actor/ActorRef.ts';
import type { Address } from '../actor/Address.ts';
import type { Logger } from '../actor/Logger.ts';
import type { MessageClass } from '../actor/serialization.ts';
import { DecodeError, EncodeError } from '../errors.ts';
import { checkBody } from './checkBody.ts';
import { fromTag, type TagContext } from './fromWire.ts';
import { toWire } from './toWire.ts';
import { unpackWith } from './wireTags.ts';

/** Names of unknown classes that are remembered, so that each is said once. */
const MAX_SAID = 200;
/** The longest source of which msgpackr reads the texts without calling the runtime for them. */
const SMALL_BYTES = 139;

export interface RefImporter {
  /** `address` is null for an actor of `from`. */
  importRef(address: string | null, path: string, uid: number, from: Address): ActorRef;
}

export class Codec implements TagContext {
  private readonly refs: RefImporter;
  private readonly log: Logger;
  /**
   * Objects as maps, because that is the fastest for single messages (records pay off only with
   * structures shared across messages, which would tie frames to each other). The `toJSON` of a
   * class is not asked, so that what arrives is what was sent.
   */
  private readonly packr = new Packr({
    useRecords: false,
    variableMapSize: true,
    moreTypes: true,
    useToJSON: false,
    copyBuffers: true,
  });
  private from: Address | null = null;
  private readonly range = { start: 0, end: 0 };
  /**
   * Small bodies, which are most, are copied to the start of this block first: msgpackr makes a
   * DataView of each block it has not seen yet, and takes a source for small by where it ends.
   */
  private readonly small = Buffer.allocUnsafeSlow(SMALL_BYTES);
  private readonly saidUnregistered = new WeakSet<MessageClass>();
  private readonly saidUnknown = new Set<string>();

  constructor(refs: RefImporter, log: Logger) {
    this.refs = refs;
    this.log = log;
  }

  /**
   * The bytes stay as they are; they are part of a larger block, so copy what you keep for long.
   * @throws EncodeError
   */
  encode(message: unknown): Uint8Array {
    try {
      return this.packr.pack(toWire(message, 1, this.unregistered));
    } catch (cause) {
      if (cause instanceof EncodeError) throw cause;
      throw new EncodeError(`a message cannot be encoded: ${String(cause)}`, { cause });
    }
  }

  /**
   * Reads a message that `from` has encoded, which stands in `bytes` from `start` to `end`. What is
   * returned shares no memory with `bytes`.
   * @throws DecodeError
   */
  decode(bytes: Uint8Array, from: Address, start = 0, end = bytes.length): unknown {
    checkBody(bytes, start, end);
    this.from = from;
    const { small } = this;
    const size = end - start;
    if (size > small.length) return this.unpack(bytes, start, end);
    for (let i = 0; i < size; i++) small[i] = bytes[start + i]!;
    return this.unpack(small, 0, size);
  }

  private unpack(bytes: Uint8Array, start: number, end: number): unknown {
    this.range.start = start;
    this.range.end = end;
    try {
      return unpackWith(this.revive, this.packr, bytes, this.range);
    } catch (cause) {
      if (cause instanceof DecodeError) throw cause;
      throw new DecodeError(`a message cannot be decoded: ${String(cause)}`, { cause });
    }
  }

  importRef(address: string | null, path: string, uid: number): ActorRef {
    return this.refs.importRef(address, path, uid, this.from!);
  }

  unknownClass(name: string): void {
    if (this.saidUnknown.has(name) || this.saidUnknown.size >= MAX_SAID) return;
    this.saidUnknown.add(name);
    this.log.warn(
      { class: name.slice(0, 100) },
      `an instance of '${name.slice(0, 100)}' arrived as a plain object: call registerClass for it on this node too`,
    );
  }

  private readonly revive = (payload: unknown): unknown => fromTag(payload, this);

  private readonly unregistered = (type: MessageClass): void => {
    if (this.saidUnregistered.has(type)) return;
    this.saidUnregistered.add(type);
    this.log.warn(
      { class: type.name },
      `an instance of ${type.name} travels as a plain object, without its methods: registerClass('${type.name}', ${type.name}) keeps its class`,
    );
  };
}
