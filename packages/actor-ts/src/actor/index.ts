// The public names of the core.
export { Actor } from './Actor.ts';
export type { ActorContext, Receive } from './ActorContext.ts';
export { ActorPath } from './ActorPath.ts';
export { ActorRef, type WithoutReplyTo } from './ActorRef.ts';
export { ActorSystem, type ActorSystemOptions } from './ActorSystem.ts';
export { Address, type UniqueAddress } from './Address.ts';
export {
  CoordinatedShutdown,
  CoordinatedShutdownId,
  type Phase,
  Phases,
} from './CoordinatedShutdown.ts';
export { EventStream } from './EventStream.ts';
export type { ExtensionId } from './Extension.ts';
export type { Logger, LogLevel } from './Logger.ts';
export {
  DeadLetter,
  Kill,
  PoisonPill,
  ReceiveTimeout,
  Terminated,
  UnhandledMessage,
} from './messages.ts';
export { Props } from './Props.ts';
export type { Cancellable, Scheduler } from './Scheduler.ts';
export {
  AllForOneStrategy,
  type Decider,
  Directive,
  decideBy,
  OneForOneStrategy,
  type StrategyOptions,
  SupervisorStrategy,
} from './Supervision.ts';
export { registerClass } from './serialization.ts';
export type { Timers } from './Timers.ts';
export { type Hop, TraceHop, type TraceOptions } from './Trace.ts';
