import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { formatLogLine, LineSplitter } from '../src/logLines.ts';

const plain = picocolors.createColors(false);
const own = ['node1', '127.0.0.1:2551'];
const shown = (record: unknown) =>
  formatLogLine(typeof record === 'string' ? record : JSON.stringify(record), own, plain);

describe('formatLogLine', () => {
  it('makes one short line of a pino record, without what every line says', () => {
    const record = {
      level: 30,
      time: 1,
      pid: 7,
      hostname: 'h',
      node: 'node1',
      room: 'a',
      msg: 'hi',
    };
    expect(shown(record)).toEqual(['hi room=a']);
  });

  it('names the level from warn on', () => {
    expect(shown({ level: 40, msg: 'slow' })).toEqual(['WARN slow']);
    expect(shown({ level: 50, msg: 'broken' })).toEqual(['ERROR broken']);
    expect(shown({ level: 60, msg: 'over' })).toEqual(['FATAL over']);
    expect(shown({ level: 'warn', msg: 'slow' })).toEqual(['WARN slow']);
  });

  it('keeps the stack', () => {
    const err = { type: 'Error', message: 'no', stack: 'Error: no\n    at a (b.ts:1:2)' };
    expect(shown({ level: 50, msg: 'failed', err })).toEqual([
      'ERROR failed',
      '  Error: no',
      '      at a (b.ts:1:2)',
    ]);
  });

  it('quotes values with spaces, shows objects as JSON and cuts long ones', () => {
    const record = {
      level: 30,
      msg: 'm',
      text: 'two words',
      list: [1, 2],
      long: 'x'.repeat(1_000),
    };
    const [line] = shown(record);
    expect(line).toContain('text="two words" list=[1,2] long=xxx');
    expect(line!.length).toBeLessThan(300);
  });

  it("shows another node's name", () => {
    expect(shown({ level: 30, msg: 'joined', node: 'node2' })).toEqual(['joined node=node2']);
    const addresses = { node: 'chat@127.0.0.1:2551', peer: 'chat@127.0.0.1:2552' };
    expect(shown({ level: 30, msg: 'met', ...addresses })).toEqual([
      'met peer=chat@127.0.0.1:2552',
    ]);
  });

  it('passes on what is no log record', () => {
    expect(shown('plain text')).toEqual(['plain text']);
    expect(shown('{not json')).toEqual(['{not json']);
    expect(shown('{"a":1}')).toEqual(['{"a":1}']);
  });

  it('lets no control character of a client reach the terminal', () => {
    expect(shown({ level: 30, msg: 'a\u001b[2Jb\nc', user: '\u0007\u009b' })).toEqual([
      'a\\x1b[2Jb\\nc user=\\x07\\x9b',
    ]);
    expect(shown('\u001b]0;title\u0007')).toEqual(['\\x1b]0;title\\x07']);
  });
});

describe('LineSplitter', () => {
  const split = (...texts: string[]) => {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    for (const text of texts) splitter.write(text);
    splitter.end();
    return lines;
  };

  it('joins pieces and splits lines', () => {
    expect(split('a', 'b\nc', '\r\n\nd')).toEqual(['ab', 'c', '', 'd']);
  });

  it('holds a bounded part of a line that never ends', () => {
    const lines = split(...Array.from({ length: 300 }, () => 'x'.repeat(1_000)));
    expect(lines.map((line) => line.length)).toEqual([65_536, 65_536, 65_536, 65_536, 37_856]);
  });
});
