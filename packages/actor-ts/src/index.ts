// actor-ts: everything an application imports.
export * from './actor/index.ts';
export * from './cluster/index.ts';
export * from './errors.ts';
export * from './option.ts';
export * from './persistence/index.ts';
export * from './pubsub/index.ts';
export * from './sharding/index.ts';
