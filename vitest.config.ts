// What mainly waits runs side by side. What would measure its neighbours instead of itself runs after
// them: clusters of processes that have to notice something in time.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Tests that start nodes as processes and watch how soon they notice something. */
const PROCESSES = 'packages/actor-ts/tests/**/*process*.test.ts';

/** The runtime's tests on Cassandra: there for whoever names a server. */
const CASSANDRA = 'packages/actor-ts/tests/**/cassandra/*.test.ts';
const isCassandraThere = Boolean(process.env.CASSANDRA_CONTACT_POINTS);

/** Tests of what only containers have, or do; and of what is done to networks. */
const CONTAINERS = ['tests/containers/**'];
const areNodesContainers = process.env.WORKSHOP_DRIVER === 'containers';

/** A limit for what hangs: on a machine that is ten times as busy, all of it still ends in time. */
const patient = { testTimeout: 60_000, hookTimeout: 60_000 };
/** Containers cost more than processes: one cluster of them at a time. */
const sideBySide = { maxWorkers: areNodesContainers ? 1 : 4, ...patient };
const oneAtATime = { maxWorkers: 1, ...patient };

export default defineConfig({
  test: {
    projects: [
      suite('runtime', 0, {
        ...sideBySide,
        include: ['packages/actor-ts/tests/**/*.test.ts'],
        exclude: [PROCESSES, CASSANDRA],
      }),
      suite('workshop', 0, { ...sideBySide, include: ['packages/workshop/tests/**/*.test.ts'] }),
      suite('chat', 0, {
        ...sideBySide,
        include: ['tests/**/*.test.ts', 'solutions/*/tests/**/*.test.ts'],
        exclude: ['tests/browser/**', ...(areNodesContainers ? [] : CONTAINERS)],
        // A step's files say `todo(…)` where an exercise is not solved.
        setupFiles: ['packages/workshop/src/todo.ts'],
      }),
      suite('browser', 0, { ...sideBySide, include: ['tests/browser/**/*.test.ts'] }),
      suite('processes', 1, {
        ...patient,
        include: [PROCESSES],
        exclude: [CASSANDRA],
        maxWorkers: 2,
        maxConcurrency: 5,
      }),
      ...(isCassandraThere ? [suite('cassandra', 2, { ...oneAtATime, include: [CASSANDRA] })] : []),
    ],
  },
});

/** A named suite; those with a lower `groupOrder` have ended before it begins. */
function suite(name: string, groupOrder: number, test: object) {
  // The tests start hundreds of processes of the same few programs: Node compiles each program once.
  const compiled = fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url));
  return {
    test: { name, env: { NODE_COMPILE_CACHE: compiled }, ...test, sequence: { groupOrder } },
  };
}
