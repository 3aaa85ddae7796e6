// A contender's process, from the outside.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./contenderProgram.ts', import.meta.url));
const ENDS_WITHIN_MS = 5000;

export class ContenderProcess implements AsyncDisposable {
  private readonly child: ChildProcess;
  private readonly name: string;

  private constructor(row: string, who: string) {
    this.name = `${who} of ${row}`;
    this.child = fork(PROGRAM, [row, who], { execArgv: ['--expose-gc'] });
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
    const gone = once(this.child, 'exit').then(([code, signal]) => {
      throw new Error(`${this.name} ended: code ${code}, signal ${signal}`);
    });
    const [message] = await Promise.race([once(this.child, 'message'), gone]);
    gone.catch(() => undefined); // it ends one day
    return message as { value?: number };
  }
}
