import { isNode, type TreeNode } from '../sql/grammar';
import { child, children, text } from '../sql/tree';
import { isTempSchema, RELATION_MARKS } from '../sql/words';
import type { CollectedNames } from './catalog-names';
import { isNoRead } from './own-effects';

/** Everything that a read is made of. Another kind of node, or one that is not known yet, is no read. */
const KINDS: ReadonlySet<string> = new Set([
  ...['SelectStmt', 'ResTarget', 'CTESearchClause', 'CTECycleClause', 'SortBy', 'WindowDef'],
  ...['GroupingSet', 'GroupingFunc', 'Alias', 'List'],
  ...['RangeVar', 'RangeSubselect', 'RangeFunction', 'RangeTableSample', 'RangeTableFunc'],
  ...['RangeTableFuncCol', 'JoinExpr', 'ColumnDef', 'TypeName', 'CollateClause'],
  ...['ColumnRef', 'ParamRef', 'A_Const', 'A_Star', 'A_Expr', 'A_Indices', 'A_Indirection'],
  ...['A_ArrayExpr', 'String', 'Integer', 'Float', 'Boolean', 'BitString', 'TypeCast'],
  ...['FuncCall', 'NamedArgExpr', 'BoolExpr', 'NullTest', 'BooleanTest', 'SubLink', 'CaseExpr'],
  ...['CaseWhen', 'CoalesceExpr', 'MinMaxExpr', 'RowExpr', 'SQLValueFunction', 'XmlExpr'],
  ...['XmlSerialize', 'JsonFuncExpr', 'JsonTable', 'JsonTablePathSpec', 'JsonTableColumn'],
  ...['JsonValueExpr', 'JsonOutput', 'JsonReturning', 'JsonFormat', 'JsonArgument'],
  ...['JsonBehavior', 'JsonKeyValue', 'JsonObjectConstructor', 'JsonArrayConstructor'],
  ...['JsonArrayQueryConstructor', 'JsonAggConstructor', 'JsonObjectAgg', 'JsonArrayAgg'],
  ...['JsonIsPredicate', 'JsonParseExpr', 'JsonScalarExpr', 'JsonSerializeExpr'],
]);

/** Of SELECT … INTO and FOR UPDATE, which write. */
const WRITING_FIELDS: readonly string[] = ['intoClause', 'lockingClause'];

/** Methods of TABLESAMPLE that are PostgreSQL's own. */
const SAMPLE_METHODS: ReadonlySet<string> = new Set(['bernoulli', 'system']);

/** Names of WITH queries that can be meant at one place, the innermost first. */
interface Scope {
  readonly name: string;
  readonly outer: Scope | undefined;
}

interface Place {
  readonly value: object;
  readonly scope: Scope | undefined;
}

/** What a walk over the tree of a query found. */
export interface Walked {
  /** Nothing in it writes, as far as the tree shows. */
  readonly reads: boolean;
  /** The answer is about the server: a setting is asked for. */
  readonly aboutServer: boolean;
}

/** Looks at everything in the tree of a query. What the catalog has to be asked for goes to `names`. */
export function walkSelect(select: TreeNode, names: CollectedNames): Walked {
  return new SelectWalk(names).walk(select);
}

class SelectWalk {
  readonly #names: CollectedNames;
  /** Not by recursion: trees of long expressions are deep. */
  readonly #left: Place[] = [];
  #aboutServer = false;

  constructor(names: CollectedNames) {
    this.#names = names;
  }

  walk(select: TreeNode): Walked {
    this.#left.push({ value: select, scope: undefined });
    for (let place = this.#left.pop(); place !== undefined; place = this.#left.pop()) {
      const { value, scope } = place;
      if (Array.isArray(value)) this.#list(value, scope);
      else if (isNode(value) && !this.#node(value, scope)) return NOTHING_PROVEN;
    }
    return { reads: true, aboutServer: this.#aboutServer };
  }

  #list(list: readonly unknown[], scope: Scope | undefined): void {
    for (const value of list) this.#later(value, scope);
  }

  #later(value: unknown, scope: Scope | undefined): void {
    if (typeof value === 'object' && value !== null) this.#left.push({ value, scope });
  }

  /** Returns whether it can be part of a read. */
  #node(node: TreeNode, outer: Scope | undefined): boolean {
    if (WRITING_FIELDS.some((field) => field in node)) return false;
    const withClause = child(node, 'withClause');
    const scope = withClause === undefined ? outer : this.#queries(withClause, outer);
    for (const field of Object.keys(node)) {
      const value = node[field];
      if (isKind(field) && !this.#kind(field, value)) return false;
      if (field !== 'withClause') this.#later(value, scope);
    }
    if (typeof node.relname === 'string') return this.#relation(node, scope);
    const isType = Array.isArray(node.names) && 'typemod' in node;
    return !isType || this.#type(children(node, 'names'));
  }

  /** Queries of WITH, each of which sees those before it, or all of them. Returns what sees them all. */
  #queries(withClause: TreeNode, outer: Scope | undefined): Scope | undefined {
    const queries = children(withClause, 'ctes').flatMap((query) => {
      const body = child(query, 'CommonTableExpr');
      return body === undefined ? [] : [{ body, name: text(body, 'ctename') ?? '' }];
    });
    const all = queries.reduce<Scope | undefined>(
      (scope, { name }) => ({ name, outer: scope }),
      outer,
    );
    let before = outer;
    for (const { body, name } of queries) {
      this.#later(body, withClause.recursive === true ? all : before);
      before = { name, outer: before };
    }
    return all;
  }

  #kind(kind: string, body: unknown): boolean {
    if (!KINDS.has(kind)) return false;
    if (!isNode(body)) return true;
    switch (kind) {
      case 'FuncCall':
        return this.#call(children(body, 'funcname'));
      case 'A_Expr':
        return this.#operator(children(body, 'name'));
      case 'SubLink':
        return this.#operator(children(body, 'operName'));
      case 'SortBy':
        return this.#operator(children(body, 'useOp'));
      case 'ColumnRef':
        this.#behindDots(children(body, 'fields').slice(1));
        return true;
      case 'A_Indirection':
        this.#behindDots(children(body, 'indirection'));
        return true;
      case 'RangeTableSample':
        return children(body, 'method').length === 1 && isSampleMethod(body);
      default:
        return true;
    }
  }

  #call(parts: readonly TreeNode[]): boolean {
    const [name, schema, ...rest] = parts.map(stringOf).reverse();
    if (name === undefined || rest.length > 1 || isNoRead(name)) return false;
    if (schema !== undefined && isTempSchema(schema)) return false;
    if (name === 'current_setting') this.#aboutServer = true;
    this.#names.add('function', name, schema);
    return true;
  }

  #operator(parts: readonly TreeNode[]): boolean {
    if (parts.length === 0) return true;
    this.#names.add('operator', stringOf(parts.at(-1)));
    return true;
  }

  #behindDots(parts: readonly TreeNode[]): void {
    for (const part of parts) {
      if ('String' in part) this.#names.add('attribute', stringOf(part));
    }
  }

  #relation(node: TreeNode, scope: Scope | undefined): boolean {
    const name = text(node, 'relname') ?? '';
    const schema = text(node, 'schemaname');
    if (schema === undefined && isIn(scope, name)) return true;
    if (schema !== undefined && isTempSchema(schema)) return false;
    if (node.relpersistence !== 'p' || RELATION_MARKS.has(name)) return false;
    this.#names.add('relation', name, schema);
    return true;
  }

  #type(parts: readonly TreeNode[]): boolean {
    const [name, schema] = parts.map(stringOf).reverse();
    if (schema !== undefined && isTempSchema(schema)) return false;
    // What the grammar itself writes there, and most of what people write.
    if (schema !== 'pg_catalog') this.#names.add('type', name, schema);
    return true;
  }
}

const NOTHING_PROVEN: Walked = { reads: false, aboutServer: false };

/** Names of kinds of nodes begin with a capital letter, those of their fields do not. */
function isKind(field: string): boolean {
  const first = field.charCodeAt(0);
  return first >= 0x41 && first <= 0x5a;
}

function isIn(scope: Scope | undefined, name: string): boolean {
  for (let at = scope; at !== undefined; at = at.outer) if (at.name === name) return true;
  return false;
}

function isSampleMethod(sample: TreeNode): boolean {
  return SAMPLE_METHODS.has(stringOf(children(sample, 'method')[0]) ?? '');
}

function stringOf(node: TreeNode | undefined): string | undefined {
  return node === undefined ? undefined : text(child(node, 'String'), 'sval');
}
