// What can be taken out of the chat, to see that the check notices.

export const SAFETIES = ['compare-and-set', 'deduplication', 'gap-repair'] as const;
export type Safety = (typeof SAFETIES)[number];

export const isSafety = (text: string): text is Safety => SAFETIES.includes(text as Safety);
