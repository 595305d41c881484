export { type CommonName, commonName } from './auth/certificate-name';
export * from './auth/channel-binding';
export * from './auth/md5';
export * from './auth/mock-secret';
export * from './auth/password';
export { randomText } from './auth/random-text';
export * from './auth/scram-client';
export {
  type DerivedKeys,
  deriveKeys,
  SCRAM_ITERATIONS_DEFAULT,
  type ScramKeys,
} from './auth/scram-keys';
export * from './auth/scram-server';
export { type ScramFailure, ScramMechanism, type ScramMechanismName } from './auth/scram-text';
export * from './auth/secret';
export {
  authenticationCleartext,
  authenticationMd5,
  authenticationOk,
  authenticationSasl,
  authenticationSaslContinue,
  authenticationSaslFinal,
  backendKeyData,
  bindComplete,
  type ColumnDescription,
  closeComplete,
  commandComplete,
  dataRow,
  type ErrorFields,
  emptyQueryResponse,
  errorResponse,
  negotiateProtocolVersion,
  noData,
  noticeResponse,
  notificationResponse,
  parameterDescription,
  parameterStatus,
  parseComplete,
  portalSuspended,
  readyForQuery,
  rowDescription,
} from './backend-messages';
export * from './decode';
export * from './errors';
export * from './frame-reader';
export * from './frontend-messages';
export * from './ip-address';
export * from './proxy-header';
export * from './sqlstate';
export * from './startup';
export * from './startup-options';
export * from './tags';
