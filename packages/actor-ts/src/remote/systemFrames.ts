// The four messages of the runtime that travel between nodes, as frames.
import type { Address } from '../actor/Address.ts';
import { DecodeError } from '../errors.ts';
import type { Codec } from './Codec.ts';
import { SYSTEM_FRAME } from './envelope.ts';

const KINDS = ['watch', 'unwatch', 'death', 'terminate'] as const;

export interface WireSystemFrame {
  readonly kind: (typeof KINDS)[number];
  /** The actor it is for, at the node that receives the frame. */
  readonly path: string;
  readonly uid: number;
  /** The watcher, or the actor that died, at the node that sends the frame; null for `terminate`. */
  readonly other: { readonly path: string; readonly uid: number } | null;
}

export function encodeSystemFrame(frame: WireSystemFrame, codec: Codec): Uint8Array {
  const { kind, path, uid, other } = frame;
  const body = codec.encode([KINDS.indexOf(kind), path, uid, other?.path ?? '', other?.uid ?? 0]);
  return Buffer.concat([Buffer.of(SYSTEM_FRAME), body]);
}

/** Reads a frame that stands in `bytes` from `start` to `end`. @throws DecodeError */
export function decodeSystemFrame(
  bytes: Buffer,
  start: number,
  end: number,
  codec: Codec,
  from: Address,
): WireSystemFrame {
  const body = codec.decode(bytes, from, start + 1, end);
  if (!Array.isArray(body) || body.length !== 5) throw malformed();
  const [index, path, uid, otherPath, otherUid] = body as unknown[];
  const kind = KINDS[index as number];
  if (
    kind === undefined ||
    typeof path !== 'string' ||
    typeof uid !== 'number' ||
    typeof otherPath !== 'string' ||
    typeof otherUid !== 'number'
  ) {
    throw malformed();
  }
  const other = kind === 'terminate' ? null : { path: otherPath, uid: otherUid };
  return { kind, path, uid, other };
}

function malformed(): DecodeError {
  return new DecodeError('a message of the runtime has not the shape it should have');
}
