import type { SqlKnowledge } from './classify';
import type { Statement, TreeNode } from './grammar';
import { look } from './look';
import { LOOK_EXITS, LOOK_UNSURE } from './marks';
import { child, text } from './tree';

/**
 * What one statement does to the transaction around it.
 *
 * - `begin`, `commit` (PREPARE TRANSACTION is one), `rollback`: as they say
 * - `commit-chain`, `rollback-chain`: and another one begins at once
 * - `rollback-to`: back to a savepoint
 * - `plain`: nothing
 * - `unknown`: the text could not be read; it may be any of these
 */
export type StepKind =
  | 'begin'
  | 'commit'
  | 'rollback'
  | 'commit-chain'
  | 'rollback-chain'
  | 'rollback-to'
  | 'plain'
  | 'unknown';

export interface Step {
  readonly kind: StepKind;
  /** It is one that changes rows. */
  readonly isDml: boolean;
  /** The statement, in bytes of the text. */
  readonly start: number;
  readonly end: number;
}

/** The statements of `bytes`, a text without its NUL, in order. An empty text has none. */
export function transactionSteps(sql: SqlKnowledge, bytes: Buffer): readonly Step[] {
  const bits = look(bytes, 0, bytes.length);
  const whole = { start: 0, end: bytes.length };
  // A backslash may hide where one statement ends.
  const isUnsure = (bits & LOOK_UNSURE) !== 0 && (bits & LOOK_EXITS) !== 0;
  const statements = isUnsure ? undefined : sql.statementsOf(bytes.toString());
  if (statements === undefined) {
    const kind = (bits & LOOK_EXITS) === 0 ? 'plain' : 'unknown';
    return [{ kind, isDml: false, ...whole }];
  }
  return statements.map(({ node }, index) => ({
    kind: kindOf(node),
    isDml: DML.some((name) => child(node, name) !== undefined),
    start: startOf(statements[index]),
    end: index + 1 < statements.length ? startOf(statements[index + 1]) : bytes.length,
  }));
}

const DML = ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'];

function startOf(statement: Statement | undefined): number {
  return statement?.start ?? 0;
}

function kindOf(node: TreeNode): StepKind {
  const statement = child(node, 'TransactionStmt');
  if (statement === undefined) return 'plain';
  const chains = statement.chain === true;
  switch (text(statement, 'kind')) {
    case 'TRANS_STMT_BEGIN':
    case 'TRANS_STMT_START':
      return 'begin';
    case 'TRANS_STMT_COMMIT':
      return chains ? 'commit-chain' : 'commit';
    case 'TRANS_STMT_PREPARE':
      return 'commit';
    case 'TRANS_STMT_ROLLBACK':
      return chains ? 'rollback-chain' : 'rollback';
    case 'TRANS_STMT_ROLLBACK_TO':
      return 'rollback-to';
    default:
      return 'plain';
  }
}
