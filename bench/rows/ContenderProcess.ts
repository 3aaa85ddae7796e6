// A contender's process, from the outside.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./contenderProgram.ts', import.meta.url));
const ENDS_WITHIN_MS = 5000;

export class ContenderProcess implements AsyncDisposable {
  private readonly child: ChildProcess;
  /** Fails when the process ends. */
  private readonly gone: Promise<never>;

  private constructor(row: string, who: string) {
    this.child = fork(PROGRAM, [row, who], { execArgv: ['--expose-gc'] });
    this.gone = once(this.child, 'exit').then(([code, signal]) => {
      throw new Error(`${who} of ${row} ended: code ${code}, signal ${signal}`);
    });
    this.gone.catch(() => undefined); // it ends one day
  }

  static async start(row: string, who: string): Promise<ContenderProcess> {
    const contender = new ContenderProcess(row, who);
    await contender.told();
    return contender;
  }

  async measure(): Promise<number> {
    this.child.send('go');
    const { value } = await this.told();
    return value!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.disconnect();
    const impatient = setTimeout(() => this.child.kill('SIGKILL'), ENDS_WITHIN_MS);
    await gone;
    clearTimeout(impatient);
  }

  private async told(): Promise<{ value?: number }> {
    const [message] = await Promise.race([once(this.child, 'message'), this.gone]);
    return message as { value?: number };
  }
}
