// Plays a tape of numbers on a simulated cluster and says what went wrong, if anything did.
import { NUM_SHARDS, Simulation } from './simulation.ts';

/** One number of the tape is one thing that happens. */
function play(simulation: Simulation, number: number, wanted: Set<number>): void {
  const live = simulation.live().filter(({ left }) => !left);
  if (live.length === 0) return;
  const choice = Math.floor(number / 32);
  const node = live[choice % live.length]!;
  const shard = choice % NUM_SHARDS;
  switch (number % 32) {
    case 0:
      if (live.length < 5) simulation.join();
      break;
    case 1:
      if (live.length > 1) simulation.kill(node);
      break;
    case 2:
      simulation.cut(choice);
      break;
    case 3:
      if (live.filter(({ leaving }) => !leaving).length > 1) simulation.leave(node);
      break;
    case 4:
    case 5:
      simulation.tick(250 + (choice % 1000));
      break;
    case 6:
    case 7:
    case 8:
    case 9: {
      const about = [...simulation.nodes.values()][choice % simulation.nodes.size]!;
      const observer = live[(choice >> 4) % live.length]!;
      simulation.learn(observer, about.key, newsOf(about, choice));
      break;
    }
    case 10:
    case 11:
      wanted.add(shard);
      simulation.want(node, shard);
      break;
    case 12:
      if (choice % 4 === 0) simulation.restartRegion(node);
      else if (choice % 4 === 1) simulation.stopRegion(node);
      else simulation.deliver(choice);
      break;
    case 13:
      if (choice % 4 === 0) node.journalAnswers = !node.journalAnswers;
      else simulation.deliver(choice);
      break;
    default:
      simulation.deliver(choice);
  }
}

function newsOf({ alive, left }: { alive: boolean; left: boolean }, choice: number) {
  if (!alive) return 'removed';
  const all = ['unreachable', left ? 'leaving' : 'up', left ? 'removed' : 'up'] as const;
  return all[choice % 3]!;
}

/** Null when nothing went wrong; else what, with the state of every node. */
export function troubleWith(size: number, tape: readonly number[]): string | null {
  const simulation = new Simulation();
  const wanted = new Set<number>();
  const trouble = (what: string) => `${what}\n${JSON.stringify(simulation.describe(), null, 1)}`;
  for (let i = 0; i < size; i++) simulation.join();
  for (const number of tape) {
    play(simulation, number, wanted);
    if (simulation.doubles().length > 0) return trouble(`hosted twice: ${simulation.doubles()}`);
  }
  const stay = simulation
    .live()
    .filter(({ left, leaving, withoutRegion }) => !left && !leaving && !withoutRegion);
  if (stay.length === 0) return null;
  simulation.settle(5000);
  for (const shard of wanted) simulation.want(stay[0]!, shard);
  simulation.settle(20_000);
  if (simulation.doubles().length > 0) return trouble(`hosted twice: ${simulation.doubles()}`);
  // Whoever coordinates must have a region: that is how it can be overruled.
  if (simulation.live().some((node) => node.withoutRegion && node.coordinator !== null))
    return null;
  for (const node of stay) {
    if (node.buffered.size > 0) return trouble(`${node.key} waits for ${[...node.buffered]}`);
    for (const [shard, home] of node.homes) {
      if (!simulation.nodes.get(home)!.held.has(shard)) return trouble(`${home} lacks ${shard}`);
    }
  }
  for (const shard of wanted) {
    if (!stay[0]!.homes.has(shard)) return trouble(`nobody hosts ${shard}`);
  }
  const sound = stay.filter(({ journalAnswers }) => journalAnswers);
  const hosts = sound.length > 0 ? sound : stay;
  const without = stay.find((node) => !hosts.includes(node) && node.held.size > 0);
  if (without !== undefined) return trouble(`${without.key} has shards and no journal`);
  const loads = hosts.map(({ held }) => held.size);
  if (Math.max(...loads) - Math.min(...loads) > 1) return trouble(`unbalanced: ${loads}`);
  const late = simulation.live().find(({ leaving, held }) => leaving && held.size > 0);
  return late === undefined ? null : trouble(`${late.key} left with shards`);
}
