const ASCII = /^[\x20-\x7e]*$/;

/** Reported by PostgreSQL but not settable by a client, so never replayed. */
const FIXED = new Set([
  'server_version',
  'server_encoding',
  'integer_datetimes',
  'is_superuser',
  'session_authorization',
  'in_hot_standby',
]);

/**
 * The parameters that PostgreSQL reports on one link (ParameterStatus): their values right after login,
 * and now.
 */
export class ReportedParameters {
  #initial: ReadonlyMap<string, string>;
  readonly #current: Map<string, string>;
  /** Lower-case name to the name as reported. */
  readonly #names = new Map<string, string>();

  constructor(initial: ReadonlyMap<string, string>) {
    this.#initial = new Map(initial);
    this.#current = new Map(initial);
    for (const name of initial.keys()) this.#names.set(name.toLowerCase(), name);
  }

  /** All values right after login, by the names as reported. */
  get initialValues(): ReadonlyMap<string, string> {
    return this.#initial;
  }

  /** All values by now, by the names as reported. */
  get currentValues(): ReadonlyMap<string, string> {
    return this.#current;
  }

  sameInitialValues(other: ReportedParameters): boolean {
    const others = other.initialValues;
    if (others.size !== this.#initial.size) return false;
    for (const [name, value] of this.#initial) if (others.get(name) !== value) return false;
    return true;
  }

  /** Takes today's values for the initial ones. */
  rebase(): void {
    this.#initial = new Map(this.#current);
  }

  initial(name: string): string | undefined {
    const reported = this.#names.get(name.toLowerCase());
    return reported === undefined ? undefined : this.#initial.get(reported);
  }

  current(name: string): string | undefined {
    const reported = this.#names.get(name.toLowerCase());
    return reported === undefined ? undefined : this.#current.get(reported);
  }

  /** The name as PostgreSQL writes it, or undefined when it does not report this one. */
  reportedName(name: string): string | undefined {
    return this.#names.get(name.toLowerCase());
  }

  /** PostgreSQL reports it, and a session can set it. */
  belongsToSession(name: string): boolean {
    const reported = this.reportedName(name);
    return reported !== undefined && !FIXED.has(reported);
  }

  /** Takes note of a ParameterStatus. @returns true when the parameter belongs to the session */
  noteChange(name: string, value: string): boolean {
    this.#names.set(name.toLowerCase(), name);
    this.#current.set(name, value);
    return !FIXED.has(name);
  }
  /** Whether we can tell another link of a value: its bytes may be in an encoding that we do not read. */
  isReadable(value: string): boolean {
    return ASCII.test(value) || this.current('client_encoding') === 'UTF8';
  }
}
