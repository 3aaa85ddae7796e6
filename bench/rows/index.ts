// All rows, in the order of the page.
import { ask, asks } from './ask.ts';
import { chat } from './chat.ts';
import { formation } from './formation.ts';
import { publish } from './publish.ts';
import type { Row } from './Row.ts';
import { remoteAsk, remoteAsks } from './remote.ts';
import { idle, spawn } from './spawn.ts';
import { persist, persists, recovery } from './sqlite.ts';
import { flood, tell } from './tell.ts';

export const ROWS: readonly Row[] = [
  ...[tell, flood, ask, asks, spawn, idle],
  ...[remoteAsk, remoteAsks, publish, formation],
  ...[persist, persists, recovery, chat],
];
