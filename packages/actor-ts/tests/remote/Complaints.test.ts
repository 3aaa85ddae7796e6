import { beforeEach, describe, expect, test } from 'vitest';
import type { Logger } from '../../src/actor/Logger.ts';
import { Complaints } from '../../src/remote/Complaints.ts';

let now: number;
let said: string[];
let complaints: Complaints;

beforeEach(() => {
  now = 0;
  said = [];
  const log = { warn: (_fields: object, message: string) => said.push(message) };
  complaints = new Complaints(log as unknown as Logger, () => now);
});

describe('a complaint', () => {
  test('is said at once, then every ten seconds with how often it was not', () => {
    for (now = 0; now <= 20_000; now += 100) complaints.warn('b: secret', {}, 'b has no secret');
    expect(said).toEqual([
      'b has no secret',
      'b has no secret (and 99 times before)',
      'b has no secret (and 99 times before)',
    ]);
  });

  test('does not silence another one', () => {
    complaints.warn('b: secret', {}, 'b has no secret');
    complaints.warn('c: secret', {}, 'c has no secret');
    expect(said).toEqual(['b has no secret', 'c has no secret']);
  });

  test('that never repeats is forgotten, so that names cost no memory', () => {
    for (let i = 0; i < 10_000; i++, now += 100) complaints.warn(`peer ${i}`, {}, `peer ${i}`);
    expect(said).toHaveLength(10_000);
    expect(complaints.remembered).toBeLessThanOrEqual(256);
  });
});
