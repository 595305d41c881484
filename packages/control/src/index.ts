export { Control, type ControlNeeds, type OrderOutcome, type SwitchoverPlan } from './control';
export { type DatabaseEntry, followsRoles } from './entry';
export type { FailoverOutcome, FailoverRecord, SessionCounts } from './failover/failover-log';
export type { Evidence } from './health/health';
export { parseLsn } from './lsn';
export * from './observation';
export * from './ports/demoter';
export type { Prober, ServerProbe } from './ports/prober';
export type { SwitchoverServer } from './ports/switchover-server';
export * from './ports/topology-claims';
export type { Position, PrimaryPosition } from './probe/position-query';
export {
  type PositionSample,
  PositionSampler,
  type PositionSamplerNeeds,
  type SampleListener,
} from './probe/position-sampler';
export type { ProbeLogin, TlsOptions } from './probe/probe-connection';
export type { PermitAnswer, ProbePermit, ProbePermits } from './probe/probe-permits';
export { ServerHand, type ServerHandNeeds } from './probe/server-hand';
export { ServerProber, type ServerProberNeeds } from './probe/server-prober';
export type { ClusterView, FailoverView, ServerView } from './publish/views';
export { serverKey } from './server-key';
export { CONTROL_DEFAULTS, type ControlSettings } from './settings';
export { DnsClaims, type DnsNeeds } from './sources/dns';
export { PatroniClaims, type PatroniNeeds } from './sources/patroni';
export { Switchover, type SwitchoverOutcome } from './switchover/switchover';
export type { Alarm } from './topology/alarms';
