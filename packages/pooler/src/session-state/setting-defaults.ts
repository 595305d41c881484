import type { Link } from '../backend/link';
import type { OwnResult, OwnWant } from '../backend/own-run';
import { quoteName, readValue, valueSql } from './sql-text';

type RunOwn = (link: Link, sql: string, done: (result: OwnResult) => void, want: OwnWant) => void;

/** Settings whose defaults are remembered; all are forgotten when there are more. */
const KNOWN_MAX = 1000;

/** A setting that can't be changed on a connection that exists. */
const CANNOT_CHANGE_NOW = '55P02';

/**
 * The values that fresh links of a pool have, of settings that PostgreSQL does not report: without
 * them nobody can tell whether a session has changed one.
 */
export class SettingDefaults {
  /** undefined as a value: nobody can set it on a link that exists. */
  readonly #known = new Map<string, string | undefined>();

  /** Whether a session with this value of a setting differs from a fresh link. */
  isDefault(name: string, value: string): boolean {
    if (!this.#known.has(name)) return false;
    const known = this.#known.get(name);
    return known === undefined || known === value;
  }

  /** Whether `isDefault` can tell; it can't of what this user may not set. */
  knows(name: string): boolean {
    return this.#known.has(name) || !hasDefault(name);
  }

  /** Whether this user can set it on a link that exists. */
  isSettable(name: string): boolean {
    return this.#known.get(name) !== undefined;
  }

  /** Finds out what is not known yet, on a link outside of a transaction; then calls `done`. */
  learn(link: Link, names: readonly string[], run: RunOwn, done: () => void): void {
    const unknown = names.filter((name) => !this.knows(name));
    this.#ask(link, [unknown], run, done);
  }

  #ask(link: Link, groups: readonly (readonly string[])[], run: RunOwn, done: () => void): void {
    const [names, ...rest] = groups;
    if (names === undefined) {
      done();
      return;
    }
    if (names.length === 0) {
      this.#ask(link, rest, run, done);
      return;
    }
    run(
      link,
      defaultsSql(names),
      (result) => {
        if (this.#known.size > KNOWN_MAX) this.#known.clear();
        const [name] = names;
        if (result.kind === 'done') {
          for (const [index, each] of names.entries()) {
            const value = readValue(result.row?.[index]);
            if (value !== null) this.#known.set(each, value);
          }
        } else if (names.length > 1) {
          this.#ask(link, [...names.map((each) => [each]), ...rest], run, done);
          return;
        } else if (name !== undefined && result.error.code === CANNOT_CHANGE_NOW) {
          this.#known.set(name, undefined);
        }
        this.#ask(link, rest, run, done);
      },
      'row',
    );
  }

  forget(): void {
    this.#known.clear();
  }
}

/** Custom settings have none, and who acts is known anyway. */
function hasDefault(name: string): boolean {
  return !name.includes('.') && name !== 'role' && name !== 'session_authorization';
}

/** One simple query is one transaction: what is local to it is over with it. */
function defaultsSql(names: readonly string[]): string {
  const statements = names.map((name) => `SET LOCAL ${quoteName(name)} TO DEFAULT`);
  const values = names.map(valueSql);
  return [...statements, `SELECT ${values.join(',')}`].join(';');
}
