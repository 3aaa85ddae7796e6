// Who takes part in a run: clients at each node, clients at the front door, and users who post by HTTP.
import { Login } from '../tests/harness/Login.ts';
import { Client } from './Client.ts';
import { Poster } from './Poster.ts';
import type { Given } from './Run.ts';
import { randomFrom } from './random.ts';

const CLIENTS_PER_PLACE = 2;
/** So many that some have their session on the node at whose door they wait: these it answers itself. */
const POSTERS = 12;

export interface Cast {
  readonly clients: readonly Client[];
  readonly posters: readonly Poster[];
}

/** @param rooms where everybody talks */
export async function gather(given: Given, rooms: readonly string[]): Promise<Cast> {
  const { cluster, door, history, plan } = given;
  const logIn = (user: string) => Login.as(user, cluster.nodes[0]!);
  const atNodes = cluster.nodes.map(({ name }, home) => ({ name, places: cluster.nodes, home }));
  const seats = [...atNodes, { name: door.name, places: [door], home: 0 }].flatMap((place) =>
    Array.from({ length: CLIENTS_PER_PLACE }, (_, i) => ({
      ...place,
      user: `${place.name}-${i + 1}`,
    })),
  );
  const clients = seats.map(async ({ user, places, home }, index) => {
    const random = randomFrom(plan.seed * 1000 + index);
    return new Client({ login: await logIn(user), places, home, rooms, random, history });
  });
  const posters = Array.from({ length: POSTERS }, async (_, index) => {
    return new Poster(await logIn(`poster-${index + 1}`), history);
  });
  return { clients: await Promise.all(clients), posters: await Promise.all(posters) };
}
