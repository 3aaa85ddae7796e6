// A port that the tests wanted and somebody else holds. It is looked at once the tests' own nodes
// are gone: a node that listens twice on one port is the learner's mistake, not the machine's.
import { findHolder, isFree, LOOPBACK } from '../ports.ts';
import type { Report } from './report.ts';

const IN_USE = /(?:EADDRINUSE|address already in use)[^\n]*?:(\d{2,5})\b/g;

/** Who holds which port and what to do; null when none is taken. */
export async function portTrouble({ outcomes, remarks }: Report): Promise<string | null> {
  const text = [...outcomes.map(({ message }) => message), ...remarks].join('\n');
  const ports = new Set([...text.matchAll(IN_USE)].map(([, port]) => Number(port)));
  for (const port of ports) {
    if (port > 65_535 || (await isFree(port, LOOPBACK))) continue;
    const holder = process.platform === 'linux' ? findHolder(port) : null;
    if (holder === null) return `Port ${port} is taken. Stop what holds it, then test again.`;
    const { pid, command } = holder;
    return `Port ${port} is taken by process ${pid} (${command}). Stop it (kill ${pid}), then test again.`;
  }
  return null;
}
