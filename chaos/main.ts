// Chaos: three nodes, clients that talk at a fixed rate, faults by a seed, and a check of everything
// that was promised. docs/reliability.md says how it works and how to read it.
//
//   npm run chaos -- --seed 1 --minutes 1
//   npm run chaos -- --self-test
//
// Exit code 0: green, and everything that should happen did; or the check noticed all that it has to.
// 1: a finding, or something was not exercised. 2: a bad option.
import { hasSection, writeSection } from '../docs/figures.ts';
import { OptionError, type Options, parseOptions, USAGE } from './options.ts';
import { inTables, PAGE, sectionFor, selfTestTable } from './page.ts';
import { inWords, isGreen } from './print.ts';
import { runSeed, type SeedReport } from './runSeed.ts';
import { selfTest } from './selfTest.ts';

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  const section = sectionFor(options);
  if (options.isReported && !(await hasSection(PAGE, section))) {
    throw new OptionError(`--report: docs/${PAGE} has no place for ${section}`);
  }
  return options.isSelfTest ? tryCheck(options, args) : runSeeds(options, args);
}

async function runSeeds(options: Options, args: readonly string[]): Promise<number> {
  const reports: SeedReport[] = [];
  for (const seed of options.seeds) {
    const say = sayer();
    say(`seed ${seed}: starting`);
    const report = await runSeed(options, seed, say);
    console.log(inWords(report, options.mayLeaveUnexercised));
    reports.push(report);
  }
  if (options.isReported) await writeSection(PAGE, sectionFor(options), inTables(reports, args));
  return reports.every((report) => isGreen(report, options.mayLeaveUnexercised)) ? 0 : 1;
}

async function tryCheck(options: Options, args: readonly string[]): Promise<number> {
  const tried = await selfTest(options, sayer());
  if (options.isReported) await writeSection(PAGE, sectionFor(options), selfTestTable(tried, args));
  return tried.every(({ isNoticed }) => isNoticed) ? 0 : 1;
}

/** Says how many seconds after its beginning. */
function sayer(): (line: string) => void {
  const began = performance.now();
  return (line) =>
    console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof OptionError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
