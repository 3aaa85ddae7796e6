// Links between seats, by the rules of their namespaces. A packet is lost where it arrives, as a
// network would lose it: a sender whose own rules drop it is told so, and tries again sooner.
import { runInside } from './commands.ts';
import { Delay } from './Delay.ts';
import type { Links } from './Links.ts';
import type { Place, Seat } from './Seat.ts';

export class SeatLinks implements Links, AsyncDisposable {
  private readonly nodes: readonly Seat[];
  private readonly database: Seat | null;
  /** receiver → sender → the share of packets that is lost. */
  private readonly lossy = new Map<string, Map<string, number>>();
  private readonly delays = new Map<string, Delay>();
  /** One change after the other. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(nodes: readonly Seat[], database: Seat | null = null) {
    this.nodes = nodes;
    this.database = database;
  }

  get hasDatabase(): boolean {
    return this.database !== null;
  }

  cut(node: string): Promise<void> {
    return this.lose(node, 1);
  }

  lose(node: string, share: number): Promise<void> {
    return this.change(async () => {
      for (const other of this.othersThan(node)) {
        this.set(other.name, node, share);
        this.set(node, other.name, share);
      }
      await this.apply();
    });
  }

  cutInbound(node: string): Promise<void> {
    return this.change(async () => {
      for (const other of this.othersThan(node)) this.set(other.name, node, 1);
      await this.apply();
    });
  }

  cutOutbound(node: string): Promise<void> {
    return this.change(async () => {
      for (const other of this.othersThan(node)) this.set(node, other.name, 1);
      await this.apply();
    });
  }

  cutFromDatabase(node: string): Promise<void> {
    return this.change(async () => {
      const { database } = this;
      if (database === null) throw new Error('the journal is a file: there is no link to cut');
      this.set(database.name, this.seat(node).name, 1);
      this.set(node, database.name, 1);
      await this.apply();
    });
  }

  delay(node: string, ms: number): Promise<void> {
    return this.change(async () => {
      await this.hasten(node);
      const [place, ...others] = await this.placesFrom(node);
      const delay = await Delay.begin(place!, others, ms);
      this.delays.set(node, delay);
      await reset(place!, others);
    });
  }

  reset(node: string): Promise<void> {
    return this.change(async () => {
      const [place, ...others] = await this.placesFrom(node);
      await reset(place!, others);
    });
  }

  heal(node: string): Promise<void> {
    return this.change(async () => {
      await this.hasten(node);
      this.lossy.delete(node);
      for (const senders of this.lossy.values()) senders.delete(node);
      await this.apply();
    });
  }

  /** What is not in a namespace ends; namespaces are others' to remove. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.change(async () => {
      for (const node of this.delays.keys()) await this.hasten(node);
    });
  }

  private change(act: () => Promise<void>): Promise<void> {
    const done = this.turn.then(act);
    this.turn = done.catch(() => undefined); // whoever asked for it is told
    return done;
  }

  private set(from: string, to: string, share: number): void {
    const senders = this.lossy.get(to) ?? new Map<string, number>();
    this.lossy.set(to, senders);
    senders.set(from, share);
  }

  /** Ends its delay. */
  private async hasten(node: string): Promise<void> {
    const delay = this.delays.get(node);
    this.delays.delete(node);
    await delay?.[Symbol.asyncDispose]();
  }

  /** The rules of all who run are what is wanted now, whatever they were. */
  private async apply(): Promise<void> {
    const { database } = this;
    const seats = database === null ? this.nodes : [...this.nodes, database];
    const places = new Map(
      await Promise.all(seats.map(async (seat) => [seat.name, await seat.locate()] as const)),
    );
    await Promise.all(
      seats.map(async ({ name }) => {
        const place = places.get(name)!;
        if (place !== null) await runInside(place.netns, RESTORE, this.tableOf(name, places));
      }),
    );
  }

  /** The filter table of `receiver`'s namespace, whole: nobody else has rules there. */
  private tableOf(receiver: string, places: ReadonlyMap<string, Place | null>): string {
    const lines = [...(this.lossy.get(receiver) ?? [])].flatMap(([sender, share]) => {
      const from = places.get(sender) ?? null;
      if (from === null) return []; // it sends nothing
      const isToDatabase = receiver === this.database?.name;
      const address = isToDatabase ? from.databaseAddress! : from.address;
      const some = share < 1 ? `-m statistic --mode random --probability ${share} ` : '';
      return [`-A INPUT -s ${address} ${some}-j DROP`];
    });
    return ['*filter', ':INPUT ACCEPT', ...lines, 'COMMIT', ''].join('\n');
  }

  private seat(node: string): Seat {
    const seat = this.nodes.find(({ name }) => name === node);
    if (seat === undefined) throw new Error(`there is no ${node}`);
    return seat;
  }

  private othersThan(node: string): Seat[] {
    const seat = this.seat(node);
    return this.nodes.filter((other) => other !== seat);
  }

  /** The node's place first. @throws Error when a node does not run */
  private placesFrom(node: string): Promise<Place[]> {
    return Promise.all(
      [this.seat(node), ...this.othersThan(node)].map(async (seat) => {
        const place = await seat.locate();
        if (place === null) throw new Error(`${seat.name} is not running`);
        return place;
      }),
    );
  }
}

const RESTORE = ['iptables-restore', '-w'];

/** Both ends of every connection between the node and the others are told of a reset. */
async function reset({ netns }: Place, others: readonly Place[]): Promise<void> {
  const peers = others.map(({ address }) => `dst ${address}`).join(' or ');
  const which = ['state', 'established', `( ${peers} )`];
  const before = await runInside(netns, ['ss', '-H', '-t', '-n', ...which]);
  const killed = await runInside(netns, ['ss', '-K', '-H', '-t', '-n', ...which]);
  if (before !== '' && killed === '') {
    throw new Error('this kernel resets no connections: it lacks CONFIG_INET_DIAG_DESTROY');
  }
}
