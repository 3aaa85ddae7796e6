// What can be taken out of the chat, to see that the check notices.
import type { FindingKind } from './check/Finding.ts';

export const SAFETIES = ['compare-and-set', 'deduplication', 'gap-repair'] as const;
export type Safety = (typeof SAFETIES)[number];

interface Role {
  /** The faults that make it needed, and so its absence be seen. */
  readonly neededBy: readonly string[];
  /** What the check finds without it, whatever else it finds. */
  readonly missedAs: FindingKind;
}

export const ROLES: Readonly<Record<Safety, Role>> = {
  'compare-and-set': { neededBy: ['pause-15s'], missedAs: 'not-dense' },
  deduplication: { neededBy: ['kill'], missedAs: 'twice' },
  'gap-repair': { neededBy: ['lost-news'], missedAs: 'behind' },
};

export const isSafety = (text: string): text is Safety => SAFETIES.includes(text as Safety);
