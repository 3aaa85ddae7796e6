// All surfaces, in the order of the report.
import type { Surface } from '../Surface.ts';
import { cluster } from './cluster.ts';
import { config } from './config.ts';
import { decoder } from './decoder.ts';
import { handshake } from './handshake.ts';
import { http } from './http.ts';
import { journal } from './journal.ts';
import { schemas } from './schemas.ts';
import { websocket } from './websocket.ts';

/** Tried within the process that asks. */
export const cheap: readonly Surface[] = [decoder, handshake, schemas, journal, config];
/** Tried over sockets, on a node that runs, while others talk there. */
export const overSockets: readonly Surface[] = [websocket, http, cluster];
