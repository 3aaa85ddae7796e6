// What tests of actors need: probes, a kit, manual time, an in-memory network, conformance suites.
export { type JournalHarness, type JournalSuiteOptions, journalSuite } from './journalSuite.ts';
export { ManualScheduler } from './ManualScheduler.ts';
export { MemoryNetwork, type Place } from './MemoryNetwork.ts';
export {
  type SnapshotStoreHarness,
  type SnapshotStoreSuiteOptions,
  snapshotStoreSuite,
} from './snapshotStoreSuite.ts';
export { TestKit } from './TestKit.ts';
export { TestProbe } from './TestProbe.ts';
export { until } from './until.ts';
