// The journal of nodes that are containers: a container of its own, started when it is first asked,
// answers from within their volume.
import { deserialize, serialize } from 'node:v8';
import { until } from 'actor-ts/testkit';
import { freePorts } from '../../../packages/workshop/src/ports.ts';
import type { DeskCaller, DeskMethod } from '../JournalData.ts';
import { Container, type ContainerSpec } from './Container.ts';
import type { Engine } from './Engine.ts';
import { nodeCommand } from './repo.ts';

const PORT = 8080;

export class Desk implements DeskCaller {
  private readonly engine: Engine;
  private readonly spec: Pick<ContainerSpec, 'image' | 'binds' | 'front'>;
  private readonly file: string;
  private container: Container | null = null;
  private started: Promise<string> | null = null;

  /** @param file the journal's place in the container */
  constructor(
    engine: Engine,
    spec: Pick<ContainerSpec, 'image' | 'binds' | 'front'>,
    file: string,
  ) {
    this.engine = engine;
    this.spec = spec;
    this.file = file;
  }

  async call(method: DeskMethod, ...values: unknown[]): Promise<any> {
    this.started ??= this.start();
    const body = new Uint8Array(serialize([method, ...values]));
    const response = await fetch(await this.started, { method: 'POST', body });
    const answer = Buffer.from(await response.arrayBuffer());
    if (!response.ok) throw new Error(`${method}: ${answer}`);
    return deserialize(answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.container?.remove();
  }

  private async start(): Promise<string> {
    const [port] = (await freePorts(1)) as [number];
    const command = [...nodeCommand(`${import.meta.dirname}/deskProgram.ts`), this.file, `${PORT}`];
    const said: string[] = [];
    const spec = { ...this.spec, name: 'desk', command, ports: { [PORT]: port } };
    const container = new Container(this.engine, spec, (line) => said.push(line));
    this.container = container;
    await container.start();
    const url = `http://127.0.0.1:${port}`;
    const answers = async () => {
      if (!container.isRunning) throw new Error(`the desk ended\n${said.join('\n')}`);
      return (await fetch(url)).status > 0;
    };
    await until(answers, { what: 'the desk to answer', timeoutMs: 20_000 });
    return url;
  }
}
