import type { CodeReader } from './code';
import type { CollectedEffects } from './collected-effects';
import { isNode, type TreeNode } from './grammar';
import { Mark } from './marks';
import {
  child,
  children,
  lastName,
  literalBoolean,
  literalText,
  number,
  text,
  withoutCasts,
} from './tree';
import { CODE_FUNCTIONS, FUNCTION_MARKS, isTempSchema, RELATION_MARKS, TIME_WORDS } from './words';

const HOLD_OPTION = 0x20;

/** What can be a date: no longer, no other characters, and not a whole sentence. */
const DATE_INPUT = /^[\w\s:.,+/-]{1,64}$/;
const DATE_WORDS_MAX = 4;

export interface ExpressionsNeeds {
  readonly effects: CollectedEffects;
  readonly code: CodeReader;
  /** The statement only defines something: its functions are not called now. */
  readonly defines: boolean;
}

/** Collects what is anywhere in a statement: functions, temporary names, literals, EXECUTE. */
export function collectExpressions(statement: TreeNode, needs: ExpressionsNeeds): void {
  // Not by recursion: trees of long expressions are deep.
  const left: unknown[] = [statement];
  while (left.length > 0) {
    const value = left.pop();
    if (Array.isArray(value)) {
      for (const item of value) left.push(item);
    } else if (isNode(value)) {
      visit(value, needs);
      for (const name of Object.keys(value)) {
        const below = value[name];
        if (typeof below === 'object') left.push(below);
      }
    }
  }
}

function visit(node: TreeNode, { effects, code, defines }: ExpressionsNeeds): void {
  if (Array.isArray(node.funcname) && !defines) collectCall(node, effects, code);
  if (node.relpersistence === 't') effects.mark(Mark.TempObjects);
  effects.mark(RELATION_MARKS.get(text(node, 'relname') ?? '') ?? 0);
  const schema = text(node, 'schemaname') ?? text(child(node, 'String'), 'sval');
  if (schema !== undefined && isTempSchema(schema)) effects.mark(Mark.TempObjects);
  const executed = child(node, 'ExecuteStmt');
  if (executed !== undefined) effects.execute(text(executed, 'name') ?? '');
  const update = child(node, 'UpdateStmt');
  const updated = update === undefined ? undefined : child(update, 'relation');
  if (text(updated, 'relname') === 'pg_settings') effects.unknownSetting();
  const cursor = child(node, 'DeclareCursorStmt');
  if (((number(cursor, 'options') ?? 0) & HOLD_OPTION) !== 0) effects.mark(Mark.HeldCursors);
  const literal = literalText(node);
  if (literal !== undefined && isTimeOfParse(literal)) effects.mark(Mark.ParseTime);
}

function isTimeOfParse(literal: string): boolean {
  if (!DATE_INPUT.test(literal)) return false;
  const words = literal.toLowerCase().split(/[^a-z0-9_]+/);
  if (!words.some((word) => TIME_WORDS.includes(word))) return false;
  return literal.trim().split(/\s+/).length <= DATE_WORDS_MAX;
}

function collectCall(call: TreeNode, effects: CollectedEffects, code: CodeReader): void {
  const name = lastName(children(call, 'funcname')) ?? '';
  if (name === 'set_config') {
    collectSetConfig(children(call, 'args'), effects);
    return;
  }
  effects.mark(FUNCTION_MARKS.get(name) ?? 0);
  if (!CODE_FUNCTIONS.has(name)) return;
  for (const argument of children(call, 'args')) {
    const literal = literalText(withoutCasts(argument));
    if (literal !== undefined) code.read(literal, effects);
    else if (!isConstant(argument)) effects.unknownSetting();
  }
}

function isConstant(argument: TreeNode): boolean {
  return 'A_Const' in withoutCasts(argument);
}

function collectSetConfig(args: readonly TreeNode[], effects: CollectedEffects): void {
  const name = argumentOf(args, 0, 'setting_name');
  const local = argumentOf(args, 2, 'is_local');
  const isLocal = local !== undefined && literalBoolean(local) === true;
  const literal = name === undefined ? undefined : literalText(name);
  if (literal !== undefined) {
    if (isLocal) effects.localSetting(literal);
    else effects.setting(literal);
    return;
  }
  if (isLocal) return;
  const parameter = name === undefined ? undefined : number(child(name, 'ParamRef'), 'number');
  if (parameter === undefined) effects.unknownSetting();
  else effects.settingParameter(parameter);
}

function argumentOf(
  args: readonly TreeNode[],
  position: number,
  name: string,
): TreeNode | undefined {
  for (const argument of args) {
    const named = child(argument, 'NamedArgExpr');
    if (named === undefined || text(named, 'name') !== name) continue;
    const value = child(named, 'arg');
    return value === undefined ? undefined : withoutCasts(value);
  }
  const argument = args[position];
  return argument === undefined || 'NamedArgExpr' in argument ? undefined : withoutCasts(argument);
}
