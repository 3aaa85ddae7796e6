// What the containers of a stack say, line by line: who says it, and whether a person wants to see it.
import { stripVTControlCharacters } from 'node:util';

export interface Said {
  /** The service, with a number from the second container on. */
  readonly who: string;
  readonly line: string;
}

/** As `docker compose logs` writes, some versions with codes for the terminal: `node1-1  | …`. */
const LINE = /^(\S+?)-(\d+)\s+\| ?(.*)$/;
/** Cassandra tells its whole life at these levels, a thousand lines for each start. */
const CASSANDRA_CHATTER = /^(INFO|DEBUG|\s)/;
/** A request that was answered: its node could say more. */
const NGINX_ACCESS = /" [123]\d\d \d+ "/;

/** Null for what is no container's line. */
export function parseLine(text: string): Said | null {
  const [, service, index, line = ''] = LINE.exec(stripVTControlCharacters(text)) ?? [];
  if (service === undefined) return null;
  return { who: index === '1' ? service : `${service}-${index}`, line };
}

export function isWorthShowing({ who, line }: Said): boolean {
  if (line.trim() === '') return false;
  if (who === 'cassandra') return !CASSANDRA_CHATTER.test(line);
  return !(who === 'nginx' && NGINX_ACCESS.test(line));
}
