export * from './access/access-rules';
export { type AddressList, NO_ADDRESSES } from './access/address-list';
export type { Network } from './access/network';
export { type CancelMeans, CancelWire } from './cancel/cancel-wire';
export { WORKER_NUMBERS_APART } from './cancel/worker-bits';
export { ERROR_HELP } from './error-help';
export { listedErrors } from './errors';
export { StoredSecretVerifier } from './frontend/stored-secret-verifier';
export { isIdOfWorker } from './ids';
export { mergeSnapshots, mergeTotals } from './merged-view';
export { createNodeTransport, createTransport, type QueueLength } from './net';
export type { LinkLimits } from './pool/budget-account';
export {
  BUDGET_VERSION,
  type BudgetFromWorker,
  type BudgetToWorker,
  isBudgetMessage,
} from './pool/budget-messages';
export type { SharedPermit } from './pool/budget-testimony';
export { LocalLinkBudget } from './pool/local-budget';
export { linkLimits } from './pool/pool-limits';
export { type RemoteBudgetNeeds, RemoteLinkBudget } from './pool/remote-budget';
export type { ServerCapView } from './pool/server-caps';
export { serverShares } from './pool/server-shares';
export {
  type SharedBudgetNeeds,
  SharedLinkBudget,
} from './pool/shared-budget';
export { Pooler } from './pooler';
export type { PoolerNeeds, PoolerState } from './pooler-needs';
export * from './ports/client-verifier';
export * from './ports/clock';
export * from './ports/credential-source';
export * from './ports/daemon-view';
export * from './ports/link-budget';
export { LOG_FIELDS, type LogField, type LogFields } from './ports/log-fields';
export * from './ports/logger';
export * from './ports/names';
export * from './ports/position-source';
export * from './ports/proof-logins';
export * from './ports/resolver';
export * from './ports/secret-store';
export * from './ports/server-passwords';
export * from './ports/socket-peers';
export * from './ports/socket-view';
export * from './ports/statement-view';
export * from './ports/topology-source';
export * from './ports/traffic-control';
export * from './ports/transaction-observer';
export * from './ports/transport';
export * from './ports/virtual-database';
export * from './ports/welcome-exchange';
export * from './ports/worker-identity';
export {
  CatalogKnowledge,
  type CatalogKnowledgeNeeds,
  type CatalogQuestions,
} from './routing/catalog-knowledge';
export { type CausalToken, causalTokenText, parseCausalToken } from './routing/causal-token';
export { ReadJudge, type ReadJudgeNeeds, type Verdict } from './routing/read-judge';
export {
  type FreshnessSettings,
  freshnessOf,
  ReplicaPositions,
  type ReplicaPositionsNeeds,
} from './routing/replica-positions';
export { type Route, type RouteContext, routeOf } from './routing/route';
export type { RouteHint } from './routing/route-hint';
export { SessionFloor, type TokenOutcome } from './routing/session-floor';
export { PIN_REASONS } from './session-state/pins';
export * from './settings/settings';
export { SqlKnowledge } from './sql/classify';
export { type Effects, NO_EFFECTS } from './sql/effects';
export { type Grammar, loadGrammar } from './sql/grammar';
export { mergeStatements, OTHERS as OTHER_STATEMENTS } from './statements/statement-rows';
export {
  countOf,
  HISTOGRAM_BOUNDS_US,
  Histogram,
  type HistogramView,
  mergeHistograms,
  quantileUs,
} from './stats/histogram';
export { needsPrimary, wantedRole } from './topology/fit-servers';
