// How values that MessagePack has no type for are written: one extension whose payload is an array
// that starts with what it is. It is registered with msgpackr once per process, because msgpackr
// keeps extensions per process; outside of a Codec it changes nothing for other users of msgpackr.
import { addExtension, type Unpackr } from 'msgpackr';

/** MessagePack extension type of a tag; followed by one value, its payload. */
export const TAG_EXTENSION = 0x41;

export const TagKind = {
  Ref: 0,
  Instance: 1,
  Map: 2,
  Set: 3,
  Error: 4,
  Date: 5,
} as const;

/** Stands for a value in a tree that is about to be packed. */
export class Tag {
  readonly payload: readonly unknown[];

  constructor(payload: readonly unknown[]) {
    this.payload = payload;
  }
}

type Reviver = (payload: unknown) => unknown;

let revive: Reviver | null = null;

addExtension({
  Class: Tag,
  type: TAG_EXTENSION,
  write: (tag: Tag) => tag.payload,
  read: (payload: unknown) => (revive === null ? new Tag([payload]) : revive(payload)),
});

/** Unpacks a range of `bytes`; `reviver` makes a value of every tag that is met. Does not nest. */
export function unpackWith(
  reviver: Reviver,
  unpackr: Unpackr,
  bytes: Uint8Array,
  range: { start: number; end: number },
): unknown {
  revive = reviver;
  try {
    return unpackr.unpack(bytes, range);
  } finally {
    revive = null;
  }
}
