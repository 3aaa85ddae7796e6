// How many people a cluster carries, from what they cost: the first limit that is reached counts.
import type { Costs } from './costs.ts';

/** A node is one event loop: of its one core so much may be used, for the rest nobody waits. */
const BUSY_SHARE = 0.6;
const MEMORY_BYTES = 2 ** 30;
/** How often each person says something. */
const MESSAGES_PER_SECOND = 1 / 60;

export interface Capacity {
  readonly people: number;
  readonly messages: number;
  readonly deliveries: number;
  /** Of one node, in bytes. */
  readonly memory: number;
  readonly limit: 'processor' | 'memory';
}

/** People in rooms of `roomSize`, each in one, spread evenly over the nodes. */
export function capacityOf(costs: Costs, nodes: number, roomSize: number): Capacity {
  const { bytesPerPerson, bytesPerNode, perNodeSecond } = costs;
  const { perPersonSecond, perMessage, perDelivery } = costs;
  const perMessageAndAll = perMessage + roomSize * perDelivery;
  const cpu = perPersonSecond + MESSAGES_PER_SECOND * perMessageAndAll;
  const byCpu = (nodes * (BUSY_SHARE - perNodeSecond)) / cpu;
  const byMemory = (nodes * (MEMORY_BYTES - bytesPerNode)) / bytesPerPerson;
  const people = Math.min(byCpu, byMemory);
  const messages = people * MESSAGES_PER_SECOND;
  return {
    people,
    messages,
    deliveries: messages * roomSize,
    memory: bytesPerNode + (people / nodes) * bytesPerPerson,
    limit: byCpu < byMemory ? 'processor' : 'memory',
  };
}
