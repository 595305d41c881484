import type { CollectedEffects } from './collected-effects';
import type { Grammar } from './grammar';
import { Mark } from './marks';
import { collectStatements } from './statements';
import { type Token, tokensOf } from './tokens';
import { FUNCTION_MARKS, isTempSchema, RELATION_MARKS } from './words';

/** Reads code that stands in a literal and is run with the statement, such as the body of DO. */
export interface CodeReader {
  read(code: string, effects: CollectedEffects): void;
}

/** As many are parsed: what is in a literal may be anything. */
const STATEMENTS_MAX = 100;
/** Literals in literals; code that runs code that runs code stops somewhere. */
const DEPTH_MAX = 4;

/** Statements of which the grammar tells the effects once it has them whole. */
const STATEMENTS: ReadonlySet<string> = new Set([
  ...['set', 'reset', 'discard', 'prepare', 'deallocate', 'load', 'listen', 'unlisten', 'notify'],
  'do',
]);

/** What stands before a statement in PL/pgSQL. */
const STATEMENT_STARTS: ReadonlySet<string> = new Set([
  ...[';', '>', 'begin', 'then', 'else', 'loop'],
]);

const TEMP_MAKERS: ReadonlySet<string> = new Set(['create', 'replace', 'local', 'global', 'into']);

/**
 * Reads code in SQL, or in whatever language embeds SQL, by its words, because there is no grammar
 * for all of them. Statements that set something are parsed, every literal is read as code.
 */
export class EmbeddedCode implements CodeReader {
  readonly #grammar: Grammar;
  readonly #depth: number;
  #statementsLeft = STATEMENTS_MAX;

  constructor(grammar: Grammar, depth = 0) {
    this.#grammar = grammar;
    this.#depth = depth;
  }

  read(code: string, effects: CollectedEffects): void {
    if (this.#depth === DEPTH_MAX) {
      effects.unknownSetting();
      return;
    }
    const inner = new EmbeddedCode(this.#grammar, this.#depth + 1);
    const tokens = [...tokensOf(code)];
    tokens.forEach((token, index) => {
      if (token.kind === 'word') this.#word(code, tokens, index, effects);
      else if (token.kind === 'literal') inner.read(token.text, effects);
    });
  }

  #word(code: string, tokens: readonly Token[], index: number, effects: CollectedEffects): void {
    const word = tokens[index]?.text ?? '';
    const before = tokens[index - 1];
    if (STATEMENTS.has(word) && beginsStatement(before)) {
      this.#statement(statementAt(code, tokens, index), effects);
    } else if (word === 'set_config') {
      collectSetConfig(tokens, index, effects);
    } else if (word === 'execute') {
      if (!runsLiteral(tokens, index)) effects.unknownSetting();
    } else {
      effects.mark(marksOfWord(word, before?.text ?? ''));
    }
  }

  #statement(statement: string, effects: CollectedEffects): void {
    this.#statementsLeft--;
    const statements = this.#statementsLeft < 0 ? undefined : this.#grammar.statements(statement);
    if (statements === undefined) effects.unknownSetting();
    else collectStatements(statements, effects, new EmbeddedCode(this.#grammar, this.#depth + 1));
  }
}

function beginsStatement(before: Token | undefined): boolean {
  if (before === undefined) return true;
  return before.kind !== 'literal' && STATEMENT_STARTS.has(before.text);
}

function statementAt(code: string, tokens: readonly Token[], index: number): string {
  let end = index;
  while (end < tokens.length && tokens[end]?.text !== ';') end++;
  return code.slice(tokens[index]?.start, tokens[end]?.start);
}

function marksOfWord(word: string, before: string): number {
  if (word === 'temp' || word === 'temporary') {
    return TEMP_MAKERS.has(before) ? Mark.TempObjects : 0;
  }
  if (word === 'drop' || word === 'close') return Mark.Releases;
  if (word === 'hold') return before === 'with' ? Mark.HeldCursors : 0;
  if (isTempSchema(word)) return Mark.TempObjects;
  return FUNCTION_MARKS.get(word) ?? RELATION_MARKS.get(word) ?? 0;
}

/** `set_config('name', …`; whether it is until the end of the transaction is not looked at. */
function collectSetConfig(
  tokens: readonly Token[],
  index: number,
  effects: CollectedEffects,
): void {
  const [open, name, comma] = tokens.slice(index + 1, index + 4);
  const named = open?.text === '(' && name?.kind === 'literal' && comma?.text === ',';
  if (named) effects.setting(name.text);
  else effects.unknownSetting();
}

/** `EXECUTE 'text'` without anything that would be added to the text. */
function runsLiteral(tokens: readonly Token[], index: number): boolean {
  const [literal, next] = tokens.slice(index + 1, index + 3);
  if (literal?.kind !== 'literal') return false;
  return next === undefined || [';', 'using', 'into'].includes(next.text);
}
