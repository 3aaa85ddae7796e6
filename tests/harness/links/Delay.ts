// The links between a node and the others, led through proxies of this process: every new connection
// is sent to one by a rule in the namespace of whoever opens it.
import { existsSync } from 'node:fs';
import { runInside } from './commands.ts';
import { DelayProxy } from './DelayProxy.ts';
import type { Place } from './Seat.ts';

export class Delay implements AsyncDisposable {
  private readonly proxies: DelayProxy[] = [];
  /** By the file of a namespace: rules of its nat table, without the leading -A. */
  private readonly rules = new Map<string, string[]>();
  private inForce = false;

  static async begin(node: Place, others: readonly Place[], delayMs: number): Promise<Delay> {
    const delay = new Delay();
    try {
      for (const other of others) {
        await delay.lead(node, other, delayMs);
        await delay.lead(other, node, delayMs);
      }
      delay.inForce = true;
      await delay.change('-A');
    } catch (error) {
      await delay[Symbol.asyncDispose]();
      throw error;
    }
    return delay;
  }

  /** Connections that went through the proxies end by a reset. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.inForce) await this.change('-D');
      this.inForce = false;
    } finally {
      await Promise.all(this.proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
    }
  }

  private async lead(from: Place, to: Place, delayMs: number): Promise<void> {
    const [{ machine }, { own }] = [from.outside!, to.outside!];
    const port = to.clusterPort!;
    const proxy = await DelayProxy.listen(machine, { host: own, port }, delayMs);
    this.proxies.push(proxy);
    const rules = this.rules.get(from.netns) ?? [];
    this.rules.set(from.netns, rules);
    rules.push(
      `OUTPUT -d ${to.address} -p tcp --dport ${port} -j DNAT --to-destination ${machine}:${proxy.at.port}`,
      // The sender's address was chosen for the way to the other node; this way has another.
      `POSTROUTING -d ${machine} -p tcp --dport ${proxy.at.port} -j MASQUERADE`,
    );
  }

  private async change(how: '-A' | '-D'): Promise<void> {
    await Promise.all(
      [...this.rules].map(async ([netns, rules]) => {
        if (how === '-D' && !existsSync(netns)) return; // and its rules have gone with it
        const lines = rules.map((rule) => `${how} ${rule}`);
        const input = ['*nat', ...lines, 'COMMIT', ''].join('\n');
        await runInside(netns, ['iptables-restore', '-w', '--noflush'], input);
      }),
    );
  }
}
