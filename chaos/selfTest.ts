// Whether the check notices: the chat runs without one of its safeties after the other, and each time
// the finding has to be there that only this one prevents.
import { type Options, parseOptions } from './options.ts';
import { inWords } from './print.ts';
import { runSeed, type SeedReport } from './runSeed.ts';
import { ROLES, SAFETIES, type Safety } from './safeties.ts';

export interface Tried {
  readonly safety: Safety;
  readonly isNoticed: boolean;
  readonly report: SeedReport;
}

export async function selfTest(
  { seeds }: Options,
  say: (line: string) => void,
): Promise<readonly Tried[]> {
  const tried: Tried[] = [];
  for (const safety of SAFETIES) {
    say(`without ${safety}`);
    const report = await runSeed(parseOptions(['--without', safety]), seeds[0]!, say);
    console.log(inWords(report, true));
    const isNoticed = isFound(safety, report);
    console.log(`without ${safety}: ${isNoticed ? 'NOTICED' : 'NOT NOTICED'}`);
    tried.push({ safety, isNoticed, report });
  }
  return tried;
}

function isFound(safety: Safety, { findings }: SeedReport): boolean {
  return findings.some(({ kind }) => kind === ROLES[safety].missedAs);
}
