import { bunRuntime } from '../net/bun-runtime';

/** A node of a parse tree: PostgreSQL's own structures and field names as JSON. */
export type TreeNode = Readonly<Record<string, unknown>>;

/** One statement of a text. */
export interface Statement {
  readonly node: TreeNode;
  /** Where it begins, in bytes of UTF-8. */
  readonly start: number;
}

/** What is used of the parser, which is PostgreSQL's own code in WebAssembly. */
interface ParserModule {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
  _wasm_parse_query_raw(text: number): number;
  _wasm_free_parse_result(result: number): void;
  _wasm_fingerprint(text: number): number;
  _wasm_free_string(text: number): void;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, address: number, bytes: number): void;
  UTF8ToString(address: number): string;
  getValue(address: number, type: 'i32'): number;
}

type MakeParser = (options: { locateFile?: (name: string) => string }) => Promise<ParserModule>;

type GrammarState =
  | { readonly kind: 'ready'; readonly parser: ParserModule }
  /** The parser had to be replaced, and the new one is not there yet. */
  | { readonly kind: 'loading' }
  | { readonly kind: 'lost'; readonly reason: unknown };

/** Fields of a result: addresses of the tree as JSON, of messages and of an error. */
const TREE_FIELD = 0;
const ERROR_FIELD = 8;

/** The parser begins with 128 MB, of which it touches a few; texts are too short to need more. */
const PARSER_BYTES_MAX = 160 * 1024 * 1024;

const FINGERPRINT = /^[0-9a-f]{16}$/;

/** PostgreSQL's grammar. One for the process. */
export class Grammar {
  #state: GrammarState;

  constructor(parser: ParserModule) {
    this.#state = { kind: 'ready', parser };
  }

  /** Whether it can tell anything at the moment. */
  get ready(): boolean {
    return this.#state.kind === 'ready';
  }

  /**
   * The statements of `text`; undefined when it is none by this grammar, or when the grammar cannot
   * tell: it is nested too deeply, or has just broken the parser.
   */
  statements(text: string): readonly Statement[] | undefined {
    if (this.#state.kind !== 'ready') return undefined;
    const { parser } = this.#state;
    const json = this.#parse(parser, text);
    if (parser.HEAPU8.length > PARSER_BYTES_MAX) this.#replace();
    return json === undefined ? undefined : statementsOf(json);
  }

  /**
   * 16 hexadecimal digits, the same for texts that differ in constants and white space alone; undefined as
   * in `statements`.
   */
  fingerprint(text: string): string | undefined {
    if (this.#state.kind !== 'ready') return undefined;
    const { parser } = this.#state;
    try {
      const input = inputOf(parser, text);
      const result = parser._wasm_fingerprint(input);
      // An error comes in the same way, as a text.
      const told = result === 0 ? '' : parser.UTF8ToString(result);
      parser._free(input);
      if (result !== 0) parser._wasm_free_string(result);
      if (parser.HEAPU8.length > PARSER_BYTES_MAX) this.#replace();
      return FINGERPRINT.test(told) ? told : undefined;
    } catch {
      // As in `#parse`.
      this.#replace();
      return undefined;
    }
  }

  #parse(parser: ParserModule, text: string): string | undefined {
    try {
      const input = inputOf(parser, text);
      const result = parser._wasm_parse_query_raw(input);
      const failed = parser.getValue(result + ERROR_FIELD, 'i32') !== 0;
      const tree = parser.getValue(result + TREE_FIELD, 'i32');
      const json = failed || tree === 0 ? undefined : parser.UTF8ToString(tree);
      parser._free(input);
      parser._wasm_free_parse_result(result);
      return json;
    } catch {
      // It ran out of stack in the middle of its work, and would work on with what it left behind.
      this.#replace();
      return undefined;
    }
  }

  #replace(): void {
    this.#state = { kind: 'loading' };
    makeParser().then(
      (parser) => {
        this.#state = { kind: 'ready', parser };
      },
      (reason: unknown) => {
        this.#state = { kind: 'lost', reason };
      },
    );
  }
}

/** A copy of a text in the parser's memory, to be freed there. */
function inputOf(parser: ParserModule, text: string): number {
  const bytes = parser.lengthBytesUTF8(text) + 1;
  const input = parser._malloc(bytes);
  parser.stringToUTF8(text, input, bytes);
  return input;
}

/**
 * Loads PostgreSQL's grammar, which takes some 20 ms.
 *
 * @throws Error when the installation lacks it
 */
export async function loadGrammar(): Promise<Grammar> {
  return new Grammar(await makeParser());
}

function makeParser(): Promise<ParserModule> {
  const make: MakeParser = require('libpg-query/wasm/libpg-query.js');
  const place = placeInExecutable();
  return make(place === undefined ? {} : { locateFile: () => place });
}

/** In an executable made by Bun the parser lies where only Bun knows; elsewhere it finds itself. */
function placeInExecutable(): string | undefined {
  if (bunRuntime() === undefined) return undefined;
  const place: unknown = require('libpg-query/wasm/libpg-query.wasm');
  return typeof place === 'string' ? place : undefined;
}

function statementsOf(json: string): readonly Statement[] | undefined {
  const tree = parsedJson(json);
  const list = isNode(tree) ? (tree.stmts ?? []) : undefined;
  if (!Array.isArray(list)) return undefined;
  return list.flatMap((raw: unknown) => {
    if (!isNode(raw) || !isNode(raw.stmt)) return [];
    const { stmt_location: start } = raw;
    return [{ node: raw.stmt, start: typeof start === 'number' ? start : 0 }];
  });
}

/** Undefined for a tree that is nested too deeply. */
function parsedJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

export function isNode(value: unknown): value is TreeNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
