import { describe, expect, test } from 'vitest';
import { ActorPath } from '../../src/actor/ActorPath.ts';
import { Address } from '../../src/actor/Address.ts';
import { DecodeError } from '../../src/errors.ts';
import {
  EnvelopeReader,
  encodeTarget,
  MESSAGE_FRAME,
  SENDER_ELSEWHERE,
  senderRoom,
  writeSender,
} from '../../src/remote/envelope.ts';

const SENDER = new ActorPath(new Address('test', 'there', 1), '/user/ä', 7);
const BODY = Buffer.from('body');

function frameFor(...targets: Uint8Array[]): Buffer {
  const head = Buffer.of(MESSAGE_FRAME, 0, 0, 0, BODY.length);
  const sender = Buffer.alloc(senderRoom(SENDER));
  const senderEnd = writeSender(sender, 0, SENDER);
  return Buffer.concat([head, BODY, sender.subarray(0, senderEnd), ...targets]);
}

/** Reads everything in the order in which it stands in the frame. */
function read(bytes: Buffer, start: number, end: number): unknown[] {
  const reader = new EnvelopeReader();
  reader.open(bytes, start, end);
  const parts: unknown[] = [bytes.toString('utf8', reader.start, reader.end)];
  const kind = reader.readSenderKind();
  const sender = [kind, reader.path, reader.uid];
  parts.push([...sender, reader.readAddress()]);
  while (reader.more) {
    reader.readTarget();
    parts.push([reader.path, reader.uid]);
  }
  return parts;
}

const FRAME = frameFor(encodeTarget('/user/a', 1), encodeTarget('/user/b', 2));
const SAID = ['body', [SENDER_ELSEWHERE, '/user/ä', 7, 'test@there:1']];

describe('EnvelopeReader', () => {
  test('reads a frame wherever it stands', () => {
    const chunk = Buffer.concat([FRAME, Buffer.of(1, 2, 3), FRAME, FRAME]);
    const all = [...SAID, ['/user/a', 1], ['/user/b', 2]];
    for (const start of [0, FRAME.length + 3, 2 * FRAME.length + 3]) {
      expect(read(chunk, start, start + FRAME.length)).toEqual(all);
    }
  });

  test('no read goes beyond the end of the frame into what follows it', () => {
    const chunk = Buffer.concat([FRAME, FRAME, FRAME]);
    const start = FRAME.length;
    const withoutTargets = start + frameFor().length;
    const withOne = start + frameFor(encodeTarget('/user/a', 1)).length;
    for (let end = start; end < start + FRAME.length; end++) {
      // What ends behind the sender or behind a target is complete, with fewer targets.
      if (end === withoutTargets) expect(read(chunk, start, end)).toEqual(SAID);
      else if (end === withOne) expect(read(chunk, start, end)).toEqual([...SAID, ['/user/a', 1]]);
      else expect(() => read(chunk, start, end)).toThrow(DecodeError);
    }
  });
});
