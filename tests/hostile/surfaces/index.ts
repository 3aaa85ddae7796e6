// All surfaces, in the order of the report.
import type { Surface } from '../Surface.ts';
import { config } from './config.ts';
import { decoder } from './decoder.ts';
import { handshake } from './handshake.ts';
import { journal } from './journal.ts';
import { schemas } from './schemas.ts';

export const surfaces: readonly Surface[] = [decoder, handshake, schemas, journal, config];
