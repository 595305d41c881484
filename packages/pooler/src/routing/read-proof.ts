import type { Statement, TreeNode } from '../sql/grammar';
import { child, children, number, text } from '../sql/tree';
import { type CatalogName, CollectedNames, DATABASE } from './catalog-names';
import { walkSelect } from './select-walk';

/**
 * What a text is, as far as its tree shows:
 * - `other`: it may change something, or depend on what only its session has; or nobody knows
 * - `local`: a read, but about the server or connection that it runs on
 * - `read`: a read of the database, which any server of it can answer
 * - `opener`: begins a READ ONLY transaction, and reads, if anything else
 */
export type Nature = 'other' | 'local' | 'read' | 'opener';

/** What the grammar shows of a text. */
export interface ReadProof {
  readonly nature: Nature;
  /** What the catalog has to say before a read is proven; none for `other`. */
  readonly names: readonly CatalogName[];
}

export const NO_PROOF: ReadProof = { nature: 'other', names: [] };

/** A text that calls more by name is not asked about. */
const NAMES_MAX = 500;

/** What can stand in an EXPLAIN that only plans. EXECUTE plans what somebody has prepared. */
const PLANNED: readonly string[] = [
  ...['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'],
];

const OPENINGS: readonly string[] = ['TRANS_STMT_BEGIN', 'TRANS_STMT_START'];
const CLOSINGS: readonly string[] = ['TRANS_STMT_COMMIT', 'TRANS_STMT_ROLLBACK'];

/** What a text is whose statements are these. */
export function proofOf(statements: readonly Statement[]): ReadProof {
  const opens = isOpening(statements[0]?.node);
  const closes = opens && statements.length > 1 && isClosing(statements.at(-1)?.node);
  const names = new CollectedNames();
  // A text without a statement is how some clients look whether the server is there.
  let aboutServer = statements.length === 0;
  for (const { node } of statements.slice(opens ? 1 : 0, closes ? -1 : undefined)) {
    const nature = natureOf(node, names);
    if (nature === 'other') return NO_PROOF;
    if (nature === 'local') aboutServer = true;
  }
  const { list } = names;
  if (names.isOdd || list.length > NAMES_MAX) return NO_PROOF;
  const nature = aboutServer ? 'local' : opens && !closes ? 'opener' : 'read';
  return { nature, names: list.length === 0 ? [] : [DATABASE, ...list] };
}

function natureOf(statement: TreeNode, names: CollectedNames): Nature {
  const select = child(statement, 'SelectStmt');
  if (select !== undefined) {
    const { reads, aboutServer } = walkSelect(select, names);
    if (!reads) return 'other';
    return aboutServer ? 'local' : 'read';
  }
  if ('VariableShowStmt' in statement) return 'local';
  const explain = child(statement, 'ExplainStmt');
  return explain === undefined ? 'other' : natureOfExplain(explain, names);
}

/** Whatever is said of ANALYZE, it is taken for on: literals are no part of a shape. */
function natureOfExplain(explain: TreeNode, names: CollectedNames): Nature {
  const query = child(explain, 'query');
  if (query === undefined) return 'other';
  const analyzes = children(explain, 'options').some(
    (option) => text(child(option, 'DefElem'), 'defname') === 'analyze',
  );
  if (analyzes) return 'SelectStmt' in query ? natureOf(query, names) : 'other';
  return PLANNED.some((kind) => kind in query) ? 'local' : 'other';
}

/** BEGIN or START TRANSACTION with READ ONLY, and in an isolation level that replicas have. */
function isOpening(statement: TreeNode | undefined): boolean {
  const transaction = statement === undefined ? undefined : child(statement, 'TransactionStmt');
  if (transaction === undefined || !OPENINGS.includes(text(transaction, 'kind') ?? ''))
    return false;
  let isReadOnly = false;
  for (const option of children(transaction, 'options')) {
    const element = child(option, 'DefElem');
    const value = element === undefined ? undefined : child(element, 'arg');
    const constant = value === undefined ? undefined : child(value, 'A_Const');
    switch (text(element, 'defname')) {
      case 'transaction_read_only':
        // READ WRITE is a zero, which has no field.
        if (number(constant === undefined ? undefined : child(constant, 'ival'), 'ival') !== 1) {
          return false;
        }
        isReadOnly = true;
        break;
      case 'transaction_isolation':
        if (isolationOf(constant) === 'serializable') return false;
        break;
      default:
    }
  }
  return isReadOnly;
}

function isolationOf(constant: TreeNode | undefined): string | undefined {
  const value = constant === undefined ? undefined : child(constant, 'sval');
  return text(value, 'sval')?.toLowerCase();
}

function isClosing(statement: TreeNode | undefined): boolean {
  const transaction = statement === undefined ? undefined : child(statement, 'TransactionStmt');
  if (transaction === undefined || transaction.chain === true) return false;
  return CLOSINGS.includes(text(transaction, 'kind') ?? '');
}
