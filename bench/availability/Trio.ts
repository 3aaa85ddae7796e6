// Three nodes with all entities running, asked all the time; what every trial begins with.
import { setTimeout as delay } from 'node:timers/promises';
import { until } from 'actor-ts/testkit';
import { type Ask, judgeWindow, settledAfter } from './judge.ts';
import type { Network } from './Network.ts';
import { NodeProcess, nameOf } from './NodeProcess.ts';
import type { Place } from './protocol.ts';

const ASK_EVERY_MS = 100;
/** So long every entity has answered all nodes from one place before something is done to them. */
const CALM_MS = 1500;
const CALM_WITHIN_MS = 60_000;

export interface TrioOptions {
  readonly asksToTheEnd?: boolean;
  /** Every node has the first one as its seed; or all three. */
  readonly seeds?: 'first' | 'all';
  readonly askTimeoutMs?: number;
  /** A folder for the nodes' logs. */
  readonly logs: string | null;
}

export class Trio implements AsyncDisposable {
  readonly asks: Ask[] = [];
  readonly nodes: NodeProcess[] = [];
  private readonly network: Network;
  private readonly options: TrioOptions;

  constructor(network: Network, options: TrioOptions) {
    this.network = network;
    this.options = options;
  }

  /** The first node founds the cluster and so is its leader. @throws Error when it does not form */
  async start(): Promise<void> {
    const [leader, ...workers] = this.trioPlaces;
    await this.add(leader!).untilUp();
    await Promise.all(workers.map((place) => this.add(place).untilUp()));
    this.askFromAll();
    await until(() => this.isCalm(), {
      what: 'three members with all entities running',
      timeoutMs: CALM_WITHIN_MS,
      everyMs: 50,
    });
  }

  get leader(): NodeProcess {
    return this.nodes[0]!;
  }

  /** The younger of the workers. */
  get worker(): NodeProcess {
    return this.nodes[2]!;
  }

  get lowerPlace(): Place {
    return this.network.places[0]!;
  }

  get higherPlace(): Place {
    return this.network.places.at(-1)!;
  }

  /** Seeds as in the beginning. */
  get seeds(): readonly string[] {
    const places = this.options.seeds === 'all' ? this.trioPlaces : this.trioPlaces.slice(0, 1);
    return places.map(nameOf);
  }

  /** Starts a node; it asks as soon as it is up. */
  add(place: Place, seeds = this.seeds): NodeProcess {
    const { asksToTheEnd = false, logs } = this.options;
    const logFile = logs === null ? null : `${logs}/${place.host}-${place.port}.log`;
    const settings = { ...place, seeds, asksToTheEnd };
    const node = new NodeProcess(this.network, settings, this.asks, logFile);
    this.nodes.push(node);
    return node;
  }

  /** Starts a node at the place of one that has ended. */
  async restart(node: NodeProcess, seeds = this.seeds): Promise<NodeProcess> {
    const { host, port } = node.settings;
    const again = this.add({ host, port }, seeds);
    await again.untilUp();
    this.askFrom(again);
    return again;
  }

  askFrom(node: NodeProcess): void {
    node.ask({ everyMs: ASK_EVERY_MS, timeoutMs: this.options.askTimeoutMs ?? 1000 });
  }

  cut(node: NodeProcess): Promise<void> {
    return this.network.cut(node.settings);
  }

  heal(node: NodeProcess): Promise<void> {
    return this.network.heal(node.settings);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.filter((node) => node.isRunning).map((node) => node.kill()));
    // What the channels still hold is read before the next trial begins.
    await delay(0);
  }

  private get trioPlaces(): readonly Place[] {
    return this.network.places.slice(1, 4);
  }

  private askFromAll(): void {
    for (const node of this.nodes) this.askFrom(node);
  }

  private isCalm(): boolean {
    const end = Date.now() - 500;
    const start = end - CALM_MS;
    const recent = this.asks.filter((ask) => ask.askedAt >= start);
    const live = this.nodes.map(({ name }) => name);
    const { twice, unavailable, lost } = judgeWindow(recent, { start, end, live });
    const homes = new Set(recent.map(({ pid }) => pid));
    const haveAsked = live.every((name) =>
      this.asks.some((ask) => ask.from === name && ask.askedAt < start),
    );
    return (
      haveAsked &&
      twice.length + unavailable.length + lost === 0 &&
      homes.size === live.length &&
      settledAfter(recent, start) === 0 &&
      this.nodes.every(({ members }) => members.length === 3 && members[0] === this.leader.name)
    );
  }
}
