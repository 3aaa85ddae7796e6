// Walks over MessagePack bytes before they are decoded, without recursion and without allocating:
// what passes is complete, not too deep, and holds no types but those that our encoder writes. So
// msgpackr never sees a hostile length, a record definition or a bottomless nesting.
import { DecodeError } from '../errors.ts';
import { TAG_EXTENSION } from './wireTags.ts';

/** Arrays, objects and other containers within one another. A tag counts as one more. */
export const MAX_DEPTH = 200;

const EXT_UNDEFINED = 0x00;
const EXT_BIGINT = 0x42;
const EXT_TYPED_ARRAY = 0x74;

/** Values still to come, per open container. One walk at a time, so one stack is enough. */
const open = new Float64Array(MAX_DEPTH + 2);

/** @throws DecodeError unless `bytes` from `start` to `end` are exactly one value */
export function checkBody(bytes: Uint8Array, start: number, end: number): void {
  let at = start;
  let depth = 0;
  open[0] = 1;
  for (;;) {
    while (open[depth] === 0) {
      if (depth === 0) {
        if (at !== end) throw new DecodeError(`${end - at} bytes follow the message`);
        return;
      }
      depth--;
    }
    open[depth]!--;
    if (at >= end) throw truncated();
    const token = bytes[at++]!;
    let children = 0;
    if (token < 0x80 || token >= 0xe0) {
      continue;
    } else if (token < 0x90) {
      children = (token & 0x0f) * 2;
    } else if (token < 0xa0) {
      children = token & 0x0f;
    } else if (token < 0xc0) {
      at += token & 0x1f;
    } else {
      switch (token) {
        case 0xc0: // nil
        case 0xc2: // false
        case 0xc3: // true
          break;
        case 0xcc: // uint 8
        case 0xd0: // int 8
          at += 1;
          break;
        case 0xcd: // uint 16
        case 0xd1: // int 16
          at += 2;
          break;
        case 0xca: // float 32
        case 0xce: // uint 32
        case 0xd2: // int 32
          at += 4;
          break;
        case 0xcb: // float 64
        case 0xcf: // uint 64
        case 0xd3: // int 64
          at += 8;
          break;
        case 0xc4: // bin 8
        case 0xd9: // str 8
          at += 1 + uint(bytes, at, end, 1);
          break;
        case 0xc5: // bin 16
        case 0xda: // str 16
          at += 2 + uint(bytes, at, end, 2);
          break;
        case 0xc6: // bin 32
        case 0xdb: // str 32
          at += 4 + uint(bytes, at, end, 4);
          break;
        case 0xdc: // array 16
          children = uint(bytes, at, end, 2);
          at += 2;
          break;
        case 0xdd: // array 32
          children = uint(bytes, at, end, 4);
          at += 4;
          break;
        case 0xde: // map 16
          children = uint(bytes, at, end, 2) * 2;
          at += 2;
          break;
        case 0xdf: // map 32
          children = uint(bytes, at, end, 4) * 2;
          at += 4;
          break;
        case 0xd4: {
          // fixext 1
          const type = uint(bytes, at, end, 1);
          if (type === TAG_EXTENSION) {
            children = 1;
          } else if (type !== EXT_UNDEFINED) {
            checkExtension(type);
          }
          at += 2;
          break;
        }
        case 0xd5: // fixext 2
        case 0xd6: // fixext 4
        case 0xd7: // fixext 8
        case 0xd8: // fixext 16
          checkExtension(uint(bytes, at, end, 1));
          at += 1 + (1 << (token - 0xd4));
          break;
        case 0xc7: // ext 8
        case 0xc8: // ext 16
        case 0xc9: {
          // ext 32
          const lengthBytes = 1 << (token - 0xc7);
          const length = uint(bytes, at, end, lengthBytes);
          checkExtension(uint(bytes, at + lengthBytes, end, 1));
          at += lengthBytes + 1 + length;
          break;
        }
        default:
          throw new DecodeError(`there is no MessagePack type 0x${token.toString(16)}`);
      }
    }
    if (at > end) throw truncated();
    if (children > 0) {
      if (children > end - at) throw truncated();
      if (++depth > MAX_DEPTH) {
        throw new DecodeError(`more than ${MAX_DEPTH} levels of nesting`);
      }
      open[depth] = children;
    }
  }
}

function uint(bytes: Uint8Array, at: number, end: number, size: number): number {
  if (at + size > end) throw truncated();
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + bytes[at + i]!;
  return value;
}

function checkExtension(type: number): void {
  if (type !== EXT_BIGINT && type !== EXT_TYPED_ARRAY) {
    throw new DecodeError(`extension type ${type} does not travel`);
  }
}

function truncated(): DecodeError {
  return new DecodeError('the bytes end before the message does');
}
