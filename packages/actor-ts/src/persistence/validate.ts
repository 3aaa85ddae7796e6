// What the stores take: ids, sequence numbers, tags, and the bounds on them.
import { JournalError } from '../errors.ts';

/** UTF-16 units of a persistence id. */
export const MAX_PERSISTENCE_ID_LENGTH = 512;
/** Events of one append. */
export const MAX_EVENTS = 10_000;
/** UTF-16 units of the text of one append, all events and tags together. */
export const MAX_APPEND_CHARS = 16 * 1024 * 1024;
/** UTF-16 units of the text of one snapshot. */
export const MAX_SNAPSHOT_CHARS = 64 * 1024 * 1024;
/** Tags of one event. */
export const MAX_TAGS = 32;
/** UTF-16 units of one tag. */
export const MAX_TAG_LENGTH = 256;

export type Tags = readonly string[];

const NO_TAGS: Tags = Object.freeze([]);

export function checkPersistenceId(pid: unknown): void {
  if (typeof pid !== 'string' || pid === '' || pid.length > MAX_PERSISTENCE_ID_LENGTH) {
    const got = typeof pid === 'string' ? `one of ${pid.length}` : String(pid);
    throw new JournalError(
      `a persistence id takes 1 to ${MAX_PERSISTENCE_ID_LENGTH} characters, got ${got}`,
    );
  }
  // Databases would store both as something else, and two ids could become one.
  if (!pid.isWellFormed() || pid.includes('\0')) {
    throw new JournalError(
      `a persistence id is well-formed text without NUL, got ${JSON.stringify(pid)}`,
    );
  }
}

export function checkSequenceNr(name: string, value: unknown, min: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < min) {
    throw new JournalError(
      `\`${name}\` takes a whole number from ${min}, got ${String(value as number)}`,
    );
  }
}

export function checkEventList(events: unknown): void {
  if (!Array.isArray(events) || events.length === 0 || events.length > MAX_EVENTS) {
    const got = Array.isArray(events) ? String(events.length) : typeof events;
    throw new JournalError(`an append takes a list of 1 to ${MAX_EVENTS} events, got ${got}`);
  }
}

/** One list of tags per event, from a flat list (meant for all events) or a list of lists. */
export function tagsPerEvent(tags: Tags | readonly Tags[] | undefined, events: number): Tags[] {
  if (tags === undefined || (Array.isArray(tags) && tags.length === 0)) {
    return new Array<Tags>(events).fill(NO_TAGS);
  }
  if (!Array.isArray(tags)) throw new JournalError(`\`tags\` takes a list, got ${typeof tags}`);
  if (typeof tags[0] === 'string') return new Array<Tags>(events).fill(checkTags(tags as Tags));
  if (tags.length !== events) {
    throw new JournalError(`\`tags\` has ${tags.length} lists for ${events} events`);
  }
  return (tags as readonly Tags[]).map(checkTags);
}

function checkTags(tags: Tags): Tags {
  if (!Array.isArray(tags) || tags.length > MAX_TAGS) {
    throw new JournalError(`an event takes a list of at most ${MAX_TAGS} tags`);
  }
  for (const tag of tags as unknown[]) {
    if (typeof tag !== 'string' || tag === '' || tag.length > MAX_TAG_LENGTH) {
      throw new JournalError(
        `a tag takes 1 to ${MAX_TAG_LENGTH} characters, got ${JSON.stringify(tag)}`,
      );
    }
    if (!tag.isWellFormed() || tag.includes('\0')) {
      throw new JournalError(`a tag is well-formed text without NUL, got ${JSON.stringify(tag)}`);
    }
  }
  return tags.length === 0 ? NO_TAGS : [...new Set(tags)];
}
