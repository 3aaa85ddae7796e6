// Suites run one after the other, and what starts processes runs alone: two clusters at once on a
// small machine would measure each other instead of themselves.
import { defineConfig } from 'vitest/config';

/** The runtime's tests that start nodes as processes: all others stay within one. */
const PROCESSES = 'packages/actor-ts/tests/**/*process*.test.ts';

/** The runtime's tests on Cassandra: there for whoever names a server. */
const CASSANDRA = 'packages/actor-ts/tests/**/cassandra/*.test.ts';
const isCassandraThere = Boolean(process.env.CASSANDRA_CONTACT_POINTS);

/** Tests of what only containers have, or do. */
const CONTAINERS = ['tests/containers/**'];
const areNodesContainers = process.env.WORKSHOP_DRIVER === 'containers';

const inProcess = { fileParallelism: true, testTimeout: 30_000, hookTimeout: 30_000 };
const oneAtATime = { fileParallelism: false, testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    projects: [
      suite('runtime', 0, {
        ...inProcess,
        include: ['packages/actor-ts/tests/**/*.test.ts'],
        exclude: [PROCESSES, CASSANDRA],
      }),
      suite('runtime-processes', 1, {
        ...oneAtATime,
        include: [PROCESSES],
        exclude: [CASSANDRA],
        maxConcurrency: 3,
      }),
      ...(isCassandraThere ? [suite('cassandra', 2, { ...oneAtATime, include: [CASSANDRA] })] : []),
      suite('workshop', 3, { ...oneAtATime, include: ['packages/workshop/tests/**/*.test.ts'] }),
      suite('chat', 4, {
        ...oneAtATime,
        include: ['tests/**/*.test.ts', 'solutions/*/tests/**/*.test.ts'],
        exclude: ['tests/browser/**', ...(areNodesContainers ? [] : CONTAINERS)],
        // A step's files say `todo(…)` where an exercise is not solved.
        setupFiles: ['packages/workshop/src/todo.ts'],
      }),
      suite('browser', 5, { ...oneAtATime, include: ['tests/browser/**/*.test.ts'] }),
    ],
  },
});

/** A named suite; those with a lower `groupOrder` have ended before it begins. */
function suite(name: string, groupOrder: number, test: object) {
  return { test: { name, ...test, sequence: { groupOrder } } };
}
