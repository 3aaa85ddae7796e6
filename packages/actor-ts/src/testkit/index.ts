// What tests of actors need: probes, a kit, manual time, an in-memory network, conformance suites.
export { ManualScheduler } from './ManualScheduler.ts';
export { TestKit } from './TestKit.ts';
export { TestProbe } from './TestProbe.ts';
export { until } from './until.ts';
