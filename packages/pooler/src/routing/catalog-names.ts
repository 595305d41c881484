/** What a name in a statement is asked for. */
export type NameKind =
  /** A function or aggregate that is called. */
  | 'function'
  /** A table or view that is read. */
  | 'relation'
  /** An operator, by its symbols. */
  | 'operator'
  /** A type that something is cast to. */
  | 'type'
  /** Behind a dot: a column, or a function that is called like one: `('s'::regclass).nextval`. */
  | 'attribute'
  /** The database as a whole: whether reads in it may call what no statement names. */
  | 'database';

/** A name that the catalog is asked for. */
export interface CatalogName {
  readonly kind: NameKind;
  /** undefined: whichever schema has it. */
  readonly schema: string | undefined;
  readonly name: string;
  /** The same for two names that are the same. */
  readonly key: string;
}

export function catalogName(kind: NameKind, name: string, schema?: string): CatalogName {
  const key = schema === undefined ? `${kind}\0${name}` : `${kind}\0${name}\0${schema}`;
  return { kind, schema, name, key };
}

export const DATABASE = catalogName('database', '');

/** Others would be other names under another client_encoding. */
const ASCII = /^[\x20-\x7e]+$/;

/** The names of one text, each once. */
export class CollectedNames {
  readonly #names = new Map<string, CatalogName>();
  #isOdd = false;

  /** There was a name that nobody can ask for. */
  get isOdd(): boolean {
    return this.#isOdd;
  }

  get list(): readonly CatalogName[] {
    return [...this.#names.values()];
  }

  add(kind: NameKind, name: string | undefined, schema?: string): void {
    if (name === undefined || !ASCII.test(name) || !(schema === undefined || ASCII.test(schema))) {
      this.#isOdd = true;
      return;
    }
    const added = catalogName(kind, name, schema);
    this.#names.set(added.key, added);
  }
}
