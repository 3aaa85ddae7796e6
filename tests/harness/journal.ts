// Events written beside the nodes: as by a room that died before it could tell anybody.
import type { TestCluster } from './Driver.ts';
import { fresh, type Login } from './Login.ts';

/**
 * Appends messages with these texts to the room's stream. The events look as those of `sample`, a
 * room that has messages: so any form of them that the nodes write will do.
 * @returns the messages' ids
 */
export async function writeBeside(
  { data }: TestCluster,
  reader: Login,
  room: string,
  texts: readonly string[],
  sample = room,
): Promise<string[]> {
  const last = (await reader.history(sample)).messages.at(-1)!;
  const stream = await data.streamOf(sample);
  if (stream === null) throw new Error(`the journal has no stream of ${sample}`);
  const event = await data.eventAt(stream, last.seq);
  if (event === null) throw new Error(`${stream} has no event ${last.seq}`);
  const ids = texts.map(() => fresh('beside'));
  await data.append(stream.replace(sample, room), (head) =>
    texts.map((text, i) => {
      const changed = new Map<unknown, unknown>([
        [last.id, ids[i]],
        [last.text, text],
        [last.seq, head + i + 1],
        [sample, room],
      ]);
      return replaced(event, changed);
    }),
  );
  return ids;
}

function replaced(value: unknown, by: ReadonlyMap<unknown, unknown>): unknown {
  if (by.has(value)) return by.get(value);
  if (Array.isArray(value)) return value.map((entry) => replaced(entry, by));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, entry]) => [key, replaced(entry, by)]);
  return Object.fromEntries(entries);
}
