// One client of the run: says something at a fixed rate whatever happens, a few things a second time
// after their ack, and writes down all that it does and hears.
import { GoodClient } from '../tests/harness/GoodClient.ts';
import type { Login } from '../tests/harness/Login.ts';
import type { History } from './History.ts';
import { pick, type Random } from './random.ts';

/** As impatient as a person: then it looks for another node. */
const PATIENCE_MS = 3000;
/** Of what it says, this share is said again later. */
const REPEATED = 0.03;
const REMEMBERED = 20;

interface Said {
  readonly room: string;
  readonly text: string;
  readonly id: string;
}

export interface ClientPlan {
  readonly login: Login;
  /** Where it can connect to; its home is `places[home]`. */
  readonly places: readonly { readonly http: string; readonly name: string }[];
  readonly home: number;
  readonly rooms: readonly string[];
  readonly random: Random;
  readonly history: History;
}

export class Client {
  readonly user: string;
  private readonly plan: ClientPlan;
  private readonly good: GoodClient;
  private readonly said: Said[] = [];
  private talking: NodeJS.Timeout | undefined;
  private count = 0;

  constructor(plan: ClientPlan) {
    const { login, places, home, history } = plan;
    this.plan = plan;
    this.user = login.user;
    this.good = new GoodClient(login, places, home, {
      patienceMs: PATIENCE_MS,
      observe: (event) => history.record(login.user, event),
    });
  }

  async join(): Promise<void> {
    await Promise.all(this.plan.rooms.map((room) => this.good.join(room)));
  }

  /** @param perSecond what it says, whether or not anything is acked */
  talk(perSecond: number): void {
    this.talking = setInterval(() => this.saySomething(), 1000 / perSecond);
  }

  hush(): void {
    clearInterval(this.talking);
  }

  /** Back to its own node, when it has had to go to another one. */
  goHome(): void {
    const { places, home } = this.plan;
    const isAway = places.length > 1 && this.good.welcome?.node !== places[home]!.name;
    if (isAway) this.good.moveTo(home);
  }

  /** Resolves once everything is acked. */
  quiet(timeoutMs: number): Promise<void> {
    return this.good.quiet(timeoutMs);
  }

  /** The last message that it was shown in the room, 0 for none. */
  seen(room: string): number {
    return this.good.log.get(room)?.at(-1)?.seq ?? 0;
  }

  end(): void {
    this.hush();
    this.good.end();
  }

  private saySomething(): void {
    const { rooms, random } = this.plan;
    const again = random() < REPEATED ? pick(random, this.said) : undefined;
    if (again !== undefined && this.good.acked.has(again.id)) {
      this.good.say(again.room, again.text, again.id);
      return;
    }
    const room = pick(random, rooms);
    this.count++;
    const text = `${this.user} says ${this.count}`;
    this.said.push({ room, text, id: this.good.say(room, text) });
    if (this.said.length > REMEMBERED) this.said.shift();
  }
}
