// What other modules may use of remoting.
export { RemoteActorRef } from './RemoteActorRef.ts';
export { Remoting, type RemotingOptions } from './Remoting.ts';
export { TcpTransport, type TcpTransportOptions } from './TcpTransport.ts';
export type {
  Lane,
  LossEvidence,
  RejectReason,
  Transport,
  TransportEvents,
  TransportIdentity,
} from './Transport.ts';
