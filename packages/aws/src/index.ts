export { type AssumedRole, AwsCredentials } from './credentials/aws-credentials';
export { type AwsIdentity, CachedCredentials } from './credentials/cached-credentials';
export { awsReason } from './credentials/reason';
export {
  type IdentityClaim,
  IdentityProver,
  type IdentityVerdict,
} from './identity/identity-prover';
export {
  type IdentityTokenOptions,
  makeIdentityToken,
  type SigningCredentials,
} from './identity/make-token';
export { type IdentityRules, isIdentityToken } from './identity/read-token';
export type { CallerIdentity } from './identity/sts-answer';
export { StsClient, stsEndpointProblem } from './identity/sts-client';
export { isRegion, isServerName } from './identity/token-form';
export { type PassedClaim, PassedTokens, type ProvenToken } from './rds-passed/passed-tokens';
export { looksLikeRdsToken } from './rds-token/given-token';
export { rdsRegionOf } from './rds-token/rds-region';
export { RdsTokenMaker, type TokenWanted } from './rds-token/token-maker';
export { SecretsManager, type SecretsManagerSecret } from './secrets/secrets-manager';
export { auroraSource } from './topology/aurora';
export { instancePattern } from './topology/endpoint-names';
export { rdsClusterSource } from './topology/rds-cluster';
