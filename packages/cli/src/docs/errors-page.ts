import { ERROR_HELP, listedErrors } from '@pgweir/pooler';
import { SqlState } from '@pgweir/protocol';
import { linked, markdownTable } from './markdown';

const INTRODUCTION = `# Errors

Generated from the catalogue of errors (\`npm run docs -w packages/cli\`); do not edit.

What pgweir itself sends to clients. Everything else comes from PostgreSQL and is passed on as it is. Texts are
PgBouncer's where it has one. SQLSTATEs are ours, so that a driver can tell overload from a bug; PgBouncer says 08P01
for everything. FATAL ends the connection. Each has a line in the log (\`log_pooler_errors\`), with its \`sqlstate\`.
`;

/** What each SQLSTATE means here for a program that gets it. */
const MEANINGS: Readonly<Record<keyof typeof SqlState, string>> = {
  connectionFailure:
    'The server was lost. What the text calls rolled back or unchanged may be run again.',
  transactionResolutionUnknown: 'Do not repeat without looking.',
  protocolViolation: 'A bug of the client, or something between that changes bytes.',
  featureNotSupported: 'Not with this setting.',
  invalidParameterValue: 'Correct the value.',
  readOnlySqlTransaction: 'From PostgreSQL: a write on a session that is for reads.',
  inFailedSqlTransaction: 'Roll back.',
  idleInTransactionSessionTimeout: 'A transaction was left open.',
  transactionTimeout: 'A transaction took too long.',
  invalidSqlStatementName: 'There is no such prepared statement.',
  invalidAuthorizationSpecification: 'This client may not come in like this.',
  invalidPassword: 'The password is wrong.',
  invalidCatalogName: 'There is no such database.',
  duplicatePreparedStatement: 'The name of the prepared statement is taken.',
  outOfMemory: 'A limit of memory that is kept for one client.',
  tooManyConnections: 'Overload: try again later, with growing pauses.',
  objectNotInPrerequisiteState: 'Not at this moment.',
  queryCanceled: 'Somebody or a limit of time has ended the statement.',
  adminShutdown: 'Connect again.',
  cannotConnectNow: 'No server or no password is there right now: try again later.',
  idleSessionTimeout: 'Connect again.',
  configFileError: 'An administrator has to look at the log.',
  internalError: 'A bug of pgweir.',
};

/** Every error of our own, in Markdown. */
export function errorsPage(): string {
  const states = Object.entries(MEANINGS).map(([name, meaning]) => [
    `\`${codeOf(name)}\``,
    `\`${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}\``,
    meaning,
  ]);
  const errors = listedErrors().map(({ key, code, severity, text, hint }) => {
    const { when, todo } = ERROR_HELP[key];
    const said = hint === undefined ? `\`${text}\`` : `\`${text}\`, with the hint \`${hint}\``;
    return [`\`${code}\``, severity, said, linked(when), linked(todo)];
  });
  return [
    INTRODUCTION,
    '## By SQLSTATE\n\nThe names are those of PostgreSQL.\n',
    markdownTable(['SQLSTATE', 'name', 'what a program makes of it'], states),
    '## By text\n',
    markdownTable(['SQLSTATE', 'severity', 'text', 'when', 'what to do'], errors),
  ].join('\n');
}

function codeOf(name: string): string {
  const codes: Readonly<Record<string, string>> = SqlState;
  return codes[name] ?? '';
}
