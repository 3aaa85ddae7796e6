// The command line of `npm run chaos`.
import { describe, expect, test } from 'vitest';
import { OptionError, parseOptions } from '../../chaos/options.ts';

describe('options', () => {
  test('have defaults for a short run of everything that can happen', () => {
    const { seeds, minutes, rate, driver, without, areFaultsNamed } = parseOptions([]);
    expect({ seeds, minutes, rate, driver, without, areFaultsNamed }).toEqual({
      seeds: [1],
      minutes: 1,
      rate: 5,
      driver: 'processes',
      without: null,
      areFaultsNamed: false,
    });
  });

  test('go easier on Cassandra', () => {
    const onCassandra = ['--driver', 'containers', '--journal', 'cassandra'];
    expect(parseOptions(onCassandra).rate).toBe(2);
    expect(parseOptions([...onCassandra, '--rate', '7']).rate).toBe(7);
  });

  test('take a range of seeds', () => {
    expect(parseOptions(['--seeds', '3..6']).seeds).toEqual([3, 4, 5, 6]);
  });

  test('choose the faults in which a safety that is taken out would be missed', () => {
    const { faults } = parseOptions(['--without', 'gap-repair']);
    expect(faults.map(({ name }) => name)).toEqual(['lost-news']);
  });

  test.for([
    [['--seed', 'one'], '--seed takes a whole number from 0, got one'],
    [['--seeds', '5..2'], '--seeds takes a range like 1..20, got 5..2'],
    [['--minutes', '0'], '--minutes takes 0.5 to 240, got 0'],
    [['--rate', '50'], '--rate takes 0.1 to 15, got 50'],
    [['--driver', 'kubernetes'], '--driver takes processes, namespaces, containers'],
    [['--journal', 'cassandra'], '--journal takes cassandra with --driver containers only'],
    [['--without', 'tests'], '--without takes compare-and-set, deduplication, gap-repair'],
    [['--faults', 'earthquake'], '--faults: there is no fault earthquake'],
    [['--sead', '1'], '--sead'],
  ] as const)('%j is refused: %s', ([args, message]) => {
    const parse = () => parseOptions(args);
    expect(parse).toThrow(OptionError);
    expect(parse).toThrow(message);
  });
});
