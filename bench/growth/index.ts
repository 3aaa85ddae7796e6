import { histories } from './histories.ts';
import { hotRoom, nodes, people, rooms } from './talk.ts';

/** What grows, by the name that `npm run growth` takes. */
export const SERIES = { rooms, people, nodes, 'hot-room': hotRoom, histories } as const;
