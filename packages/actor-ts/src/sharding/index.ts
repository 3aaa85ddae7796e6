// The public names of sharding.
export { ClusterSharding, type ShardDescription } from './ClusterSharding.ts';
export { Passivate } from './Passivation.ts';
export type { ProxyOptions, ShardingOptions } from './ShardingOptions.ts';
