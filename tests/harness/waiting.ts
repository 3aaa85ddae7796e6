// What a driver waits for before the tests begin, and after a node was started again.
import { setTimeout as delay } from 'node:timers/promises';
import { until } from 'actor-ts/testkit';
import type { TestNode, Wanted } from './Driver.ts';

const READY_WITHIN_MS = 40_000;
const MEMBERS_WITHIN_MS = 20_000;

/** @throws Error when the node ends or is not ready in time */
export async function untilReady(node: TestNode, wanted: Wanted): Promise<void> {
  const isReady = async () => {
    if (!node.isRunning) return true; // it will not become ready any more
    if (wanted === 'http') return (await fetch(node.http)).status > 0;
    return (await fetch(`${node.management}/ready`)).ok;
  };
  await until(isReady, { what: `${node.name} to be ready`, timeoutMs: READY_WITHIN_MS });
  if (!node.isRunning) throw new Error(`${node.name} ended before it was ready`);
}

/** @throws Error when something of what is wanted does not come in time */
export async function untilAllReady(nodes: readonly TestNode[], wanted: Wanted): Promise<void> {
  await Promise.all(nodes.map((node) => untilReady(node, wanted)));
  if (wanted !== 'http' && !(await areMembers(nodes)) && wanted === 'cluster') {
    throw new Error(`not all ${nodes.length} are members after ${MEMBERS_WITHIN_MS} ms`);
  }
}

/** Whether, within some time, every node counts all of them as up. */
async function areMembers(nodes: readonly TestNode[]): Promise<boolean> {
  const deadline = performance.now() + MEMBERS_WITHIN_MS;
  for (;;) {
    const counts = await Promise.all(nodes.map(membersUp));
    if (counts.every((count) => count === nodes.length)) return true;
    if (performance.now() > deadline) return false;
    await delay(20);
  }
}

export async function membersUp(node: TestNode): Promise<number> {
  const response = await fetch(`${node.management}/cluster/members`);
  const { members } = (await response.json()) as { members: { status: string }[] };
  return members.filter(({ status }) => status === 'up').length;
}
