export { Control, type ControlNeeds, type OrderOutcome, type SwitchoverPlan } from './control';
export { type DatabaseEntry, followsRoles } from './entry';
export type { FailoverOutcome, FailoverRecord, SessionCounts } from './failover/failover-log';
export type { Evidence } from './health/health';
export { EtcdLease, type EtcdLeaseNeeds } from './lease/etcd-lease';
export { readChoice, readHolder } from './lease/lease-values';
export { parseLsn } from './lsn';
export * from './observation';
export * from './ports/demoter';
export type { Fencer } from './ports/fencer';
export * from './ports/member-source';
export type { Prober, Sampled, ServerProbe } from './ports/prober';
export * from './ports/promoter-lease';
export type { SwitchoverServer } from './ports/switchover-server';
export * from './ports/topology-claims';
export type { Position } from './probe/position-query';
export {
  type PreparedStatement,
  ProbeConnection,
  type ProbeLogin,
  type TextRow,
  type TlsOptions,
} from './probe/probe-connection';
export type { ProbeFailure } from './probe/probe-failure';
export type { PermitAnswer, ProbePermit, ProbePermits } from './probe/probe-permits';
export { ServerHand, type ServerHandNeeds } from './probe/server-hand';
export { ServerProber, type ServerProberNeeds } from './probe/server-prober';
export { Promoter, type PromoterNeeds, type PromoterSettings } from './promotion/promoter';
export type { PromotionCluster } from './promotion/promotion-cluster';
export type { ClusterView, FailoverView, ServerView } from './publish/views';
export { serverKey } from './server-key';
export { CONTROL_DEFAULTS, type ControlSettings } from './settings';
export { Etcd, type EtcdNeeds } from './sources/etcd';
export { type HttpAnswer, HttpPeer } from './sources/http-peer';
export { PatroniClaims, type PatroniNeeds } from './sources/patroni';
export { Switchover, type SwitchoverOutcome } from './switchover/switchover';
export type { Alarm } from './topology/alarms';
