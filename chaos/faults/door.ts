// The front door is killed: its clients lose their connections, and come again when it is back.
import type { Fault } from './Fault.ts';

export const door: readonly Fault[] = [
  {
    name: 'front-door',
    on: 'all',
    lastsMs: [3000, 6000],
    needs: () => null,
    async begin({ door: front }) {
      await front.kill();
      return () => front.start();
    },
  },
];
