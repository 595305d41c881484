import type { CodeReader } from './code';
import type { CollectedEffects } from './collected-effects';
import { collectExpressions } from './expressions';
import { isNode, type Statement, type TreeNode } from './grammar';
import { Mark } from './marks';
import { child, children, text } from './tree';

/** Statements that store expressions for later. */
const DEFINITIONS: ReadonlySet<string> = new Set([
  ...['CreateStmt', 'CreateForeignTableStmt', 'CreateSchemaStmt', 'ViewStmt', 'RuleStmt'],
  ...['CreateFunctionStmt', 'AlterFunctionStmt', 'CreateTrigStmt', 'CreateEventTrigStmt'],
  ...['CreatePolicyStmt', 'AlterPolicyStmt', 'CreateDomainStmt', 'AlterDomainStmt'],
  ...['DefineStmt', 'CreateCastStmt', 'CreateConversionStmt', 'CreateStatsStmt'],
]);

const EXITS: ReadonlySet<string> = new Set([
  'TRANS_STMT_COMMIT',
  'TRANS_STMT_ROLLBACK',
  'TRANS_STMT_ROLLBACK_TO',
  'TRANS_STMT_PREPARE',
]);

/** Collects the effects of the statements of one text. */
export function collectStatements(
  statements: readonly Statement[],
  effects: CollectedEffects,
  code: CodeReader,
): void {
  for (const { node } of statements) collectStatement(node, effects, code);
  const [first, second] = statements;
  if (first === undefined) return;
  const kind = text(child(first.node, 'TransactionStmt'), 'kind');
  const exits = kind !== undefined && EXITS.has(kind);
  if (second !== undefined) {
    if (exits) effects.restAt = second.start;
    return;
  }
  effects.exitsTransaction = exits;
  const deallocate = child(first.node, 'DeallocateStmt');
  if (deallocate !== undefined) {
    const name = text(deallocate, 'name');
    effects.deallocates = name === undefined ? 'all' : { name };
  }
}

/** A statement is an object with one field, the name of its kind. */
function collectStatement(statement: TreeNode, effects: CollectedEffects, code: CodeReader): void {
  const [kind = ''] = Object.keys(statement);
  const body = statement[kind];
  if (!isNode(body)) return;
  if (kind === 'VariableSetStmt') return collectSet(body, effects);
  collectCommand(kind, body, effects, code);
  collectExpressions(statement, { effects, code, defines: DEFINITIONS.has(kind) });
}

function collectCommand(
  kind: string,
  body: TreeNode,
  effects: CollectedEffects,
  code: CodeReader,
): void {
  switch (kind) {
    case 'ListenStmt':
      return effects.mark(Mark.Listen);
    case 'UnlistenStmt':
      return effects.unlisten(text(body, 'conditionname'));
    case 'NotifyStmt':
      return effects.mark(Mark.Notify);
    case 'LoadStmt':
      return effects.mark(Mark.Load);
    case 'PrepareStmt':
      return effects.prepare(text(body, 'name') ?? '');
    case 'DeallocateStmt':
      return effects.mark(Mark.SqlPrepared);
    case 'DropStmt':
    case 'DropOwnedStmt':
    case 'ClosePortalStmt':
      return effects.mark(Mark.Releases);
    case 'DiscardStmt':
      return collectDiscard(body, effects);
    case 'DoStmt':
      return collectDo(body, effects, code);
    default:
  }
}

function collectDiscard(body: TreeNode, effects: CollectedEffects): void {
  effects.mark(Mark.Discard);
  if (text(body, 'target') !== 'DISCARD_ALL') return;
  effects.mark(Mark.SqlPrepared);
  effects.resetAll();
  effects.unlisten(undefined);
}

function collectDo(body: TreeNode, effects: CollectedEffects, code: CodeReader): void {
  for (const argument of children(body, 'args')) {
    const element = child(argument, 'DefElem');
    if (element === undefined || text(element, 'defname') !== 'as') continue;
    const value = child(element, 'arg');
    const source = value === undefined ? undefined : text(child(value, 'String'), 'sval');
    if (source !== undefined) code.read(source, effects);
  }
}

function collectSet(body: TreeNode, effects: CollectedEffects): void {
  const name = text(body, 'name') ?? '';
  const isLocal = body.is_local === true;
  switch (text(body, 'kind')) {
    case 'VAR_RESET_ALL':
      return effects.resetAll();
    case 'VAR_RESET':
      return effects.reset(name);
    case 'VAR_SET_DEFAULT':
      return isLocal ? effects.localSetting(name) : effects.reset(name);
    case 'VAR_SET_MULTI':
      return collectSetTransaction(name, body, effects);
    default:
      return isLocal ? effects.localSetting(name) : effects.setting(name);
  }
}

/** SET TRANSACTION …, and SET SESSION CHARACTERISTICS AS TRANSACTION …, which sets the defaults. */
function collectSetTransaction(name: string, body: TreeNode, effects: CollectedEffects): void {
  for (const argument of children(body, 'args')) {
    const setting = text(child(argument, 'DefElem'), 'defname');
    if (setting === undefined) continue;
    if (name === 'SESSION CHARACTERISTICS') effects.setting(`default_${setting}`);
    else effects.localSetting(setting);
  }
}
