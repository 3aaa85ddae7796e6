// Other processes of a contender: `peerProgram.ts` started with what it is to be.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./peerProgram.ts', import.meta.url));

export class Peer implements Disposable {
  /** What it said of itself once it was there. */
  readonly said: any;
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess, said: unknown) {
    this.child = child;
    this.said = said;
  }

  static async start(role: string, settings: object = {}): Promise<Peer> {
    const child = fork(PROGRAM, [role, JSON.stringify(settings)], { execArgv: [] });
    const [said] = await once(child, 'message');
    return new Peer(child, said);
  }

  tell(message: unknown): void {
    this.child.send(message as object);
  }

  async next(): Promise<any> {
    return (await once(this.child, 'message'))[0];
  }

  [Symbol.dispose](): void {
    this.child.kill('SIGKILL');
  }
}
