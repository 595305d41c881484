/**
 * The SQLSTATEs that we send ourselves, by PostgreSQL's condition names.
 *
 * @see PostgreSQL documentation, anchor errcodes-appendix
 */
export const SqlState = {
  connectionFailure: '08006',
  transactionResolutionUnknown: '08007',
  protocolViolation: '08P01',
  featureNotSupported: '0A000',
  invalidParameterValue: '22023',
  readOnlySqlTransaction: '25006',
  inFailedSqlTransaction: '25P02',
  idleInTransactionSessionTimeout: '25P03',
  transactionTimeout: '25P04',
  invalidSqlStatementName: '26000',
  invalidAuthorizationSpecification: '28000',
  invalidPassword: '28P01',
  invalidCatalogName: '3D000',
  duplicatePreparedStatement: '42P05',
  outOfMemory: '53200',
  tooManyConnections: '53300',
  objectNotInPrerequisiteState: '55000',
  queryCanceled: '57014',
  adminShutdown: '57P01',
  cannotConnectNow: '57P03',
  idleSessionTimeout: '57P05',
  configFileError: 'F0000',
  internalError: 'XX000',
} as const;

export type SqlStateCode = (typeof SqlState)[keyof typeof SqlState];
