export { type AuroraMember, AuroraStandIn } from './aws/aurora';
export type { SignedRequest } from './aws/canonical-request';
export {
  FakeSecretsManager,
  type FakeSecretsManagerOptions,
  type RotationSteps,
  startFakeSecretsManager,
} from './aws/fake-secrets-manager';
export { FakeSts, type FakeStsOptions, type StsRole, startFakeSts } from './aws/fake-sts';
export {
  type AwsAccident,
  AwsEndpoint,
  type AwsEndpointOptions,
  type AwsRequest,
} from './aws/http-endpoint';
export { issueCertificate } from './aws/issue-certificate';
export {
  type AwsKey,
  AwsKeys,
  type AwsSessionOptions,
  awsEnvironment,
  TEST_ACCOUNT,
} from './aws/keys';
export { makeRdsCluster, promoteInRdsCluster, resourceId } from './aws/rds-cluster';
export { type RdsLogin, RdsServer, type RdsServerOptions, startRdsServer } from './aws/rds-server';
export type { RdsBackend, RdsUser } from './aws/rds-session';
export { type RdsTokenVerdict, verifyRdsToken } from './aws/rds-token';
export type { SecretStage, SecretValue } from './aws/secret-versions';
export { type SigV4Refusal, type SigV4Rules, type SigV4Verdict, verifySigV4 } from './aws/sigv4';
export { type BinaryOptions, type BinaryTarget, buildBinary } from './binary/build';
export { buildPage } from './binary/build-page';
export { certsDir } from './certs';
export {
  Cluster,
  type ClusterOptions,
  type DatabaseSpec,
  startCluster,
  type UserSpec,
} from './cluster';
export { CollectingLogger } from './collecting-logger';
export { type ConformanceOptions, runConformance } from './conformance/environment';
export type { Result as ConformanceResult } from './conformance/runner';
export type { Scenario } from './conformance/scenario';
export { allScenarios } from './conformance/scenarios';
export { failures as scenarioFailures } from './conformance/table';
export { type Engine, type FoundEngine, findEngine } from './containers/engine';
export { PROGRAMS, programsFolder, writePostgresContext } from './containers/postgres-root';
export { addProgram } from './containers/root-folder';
export {
  Daemon,
  type DaemonExit,
  type DaemonOptions,
  daemonCommand,
  daemonProgram,
  startDaemon,
} from './daemon';
export { type Environment, startEnvironment } from './differential/environment';
export { type Outcome, type Result, runScripts } from './differential/runner';
export { MODES, type PoolMode, type Script } from './differential/script';
export { allScripts } from './differential/scripts';
export { failures, resultTable } from './differential/table';
export { type RunningEtcd, startEtcd } from './etcd/etcd';
export { type EtcdAccident, EtcdGateway, type EtcdGatewayOptions } from './etcd/gateway';
export { Ledger } from './failover-rounds/ledger';
export { LedgerClient, STYLES as LEDGER_STYLES } from './failover-rounds/ledger-client';
export { failoverRounds, type RoundReport, type RoundsReport } from './failover-rounds/rounds';
export { HandClock } from './hand-clock';
export { checkIsolation, type IsolationOptions, type IsolationReport } from './isolation/check';
export {
  type Bind as LdapBind,
  type LdapEntry,
  LdapServer,
  type LdapServerOptions,
  startLdapServer,
} from './ldap/server';
export { checkOwnWrites, type OwnWritesOptions, type OwnWritesReport } from './own-writes/check';
export { findPatroni } from './patroni/installed';
export type { PatroniMember } from './patroni/member';
export {
  type PatroniCluster,
  type PatroniOptions,
  type SwitchoverOrder,
  startPatroni,
} from './patroni/patroni';
export {
  checkPipelines,
  type PipelineFuzzOptions,
  type PipelineFuzzReport,
} from './pipeline-fuzz/check';
export { availableMajors, defaultCacheDir, MAJORS, type Major } from './postgres/binaries';
export type { Settings } from './postgres/config-file';
export { type Demote, type DemotionAsk, DemotionDesk, serverOn } from './postgres/demotion-desk';
export { Server } from './postgres/server';
export { isAlive } from './process/alive';
export { bunProgram } from './process/bun-program';
export { freePort } from './process/free-port';
export { pgbouncerCommand, pgbouncerVersion } from './process/pgbouncer';
export { makeScratch, type Scratch } from './process/scratch';
export { type ServerUser, serverUser } from './process/system-user';
export { Random } from './random';
export { checkState, type StateFuzzOptions, type StateFuzzReport } from './state-fuzz/check';
export { type WaitOptions, waitFor } from './wait-for';
export {
  BackendError,
  type BackendMessage,
  describeMessage,
  type NoticeFields,
  noticeFields,
  rowValues,
} from './wire/backend-message';
export { frame } from './wire/frame';
export * as frontend from './wire/frontend';
export { cancelPacket, type LoginOptions, type LoginResult, startupPacket } from './wire/login';
export {
  RawClient,
  type RawOptions,
  type RawTarget,
  type UntilOptions,
} from './wire/raw-client';
