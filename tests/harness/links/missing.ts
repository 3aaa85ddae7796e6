// Whether this machine lets us change networks.
import { ownName } from '../owner.ts';
import { run, runInside } from './commands.ts';

let known: Promise<string | null> | null = null;

/** Why it does not; null when it does. */
export function linksMissing(): Promise<string | null> {
  known ??= find();
  return known;
}

async function find(): Promise<string | null> {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only';
  if (process.getuid!() !== 0) return 'changing networks takes root';
  const probe = `chat-${ownName('-')}-probe`;
  try {
    await run('ip', ['netns', 'add', probe]);
    try {
      await tryOut(`/run/netns/${probe}`);
    } finally {
      await run('ip', ['netns', 'del', probe]);
    }
    return null;
  } catch (error) {
    const said = (error as Error).message.trim();
    return `networks cannot be changed here (iproute2, iptables and util-linux installed?): ${said}`;
  }
}

/** What losing packets and turning connections round takes of the kernel. */
async function tryOut(netns: string): Promise<void> {
  const lose = '-A INPUT -m statistic --mode random --probability 0.5 -j DROP';
  const turn = '-A OUTPUT -p tcp --dport 1 -j DNAT --to-destination 127.0.0.1:1';
  const restore = (table: string, rule: string) =>
    runInside(netns, ['iptables-restore', '-w'], `*${table}\n${rule}\nCOMMIT\n`);
  await restore('filter', lose);
  await restore('nat', turn);
  await runInside(netns, ['ss', '-K', '-H', '-t', 'dst', '127.0.0.1']);
}
