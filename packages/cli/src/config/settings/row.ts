import type { ValueType } from '../value-types';

/** What becomes of a setting when a file assigns it. */
export type SettingClass =
  | { readonly kind: 'works' }
  /** Accepted, with one warning: there is nothing here that it could change, or nothing yet. */
  | { readonly kind: 'no-effect'; readonly why: string; readonly silentAt?: string }
  /** Ignoring it would change safety or results. Only the value `silentAt` is accepted. */
  | { readonly kind: 'refused'; readonly why: string; readonly silentAt: string };

export interface Setting<T> {
  readonly type: ValueType<T>;
  /** Of a plain number in the file; undefined where numbers have no unit. */
  readonly unit: 's' | 'bytes' | 'connections' | undefined;
  /** As it would stand in a file; empty: not set. Meaningless outside `[pgbouncer]`. */
  readonly default: string;
  readonly reloadable: boolean;
  readonly class: SettingClass;
  /**
   * How it differs from PgBouncer's setting of that name, and whether that is `better:`, `worse:` or the
   * `same result:`. The manual and `--check` say so.
   */
  readonly differs: string | undefined;
  /** Must never be shown. */
  readonly secret: boolean;
  /** Only files may say it: who may use the console need not be who may do anything as this process. */
  readonly notBySet: boolean;
  /** It is another word for a setting of the same table. */
  readonly alias: Alias | undefined;
  readonly help: string;
}

/** Two names of one setting. Values are those of the types of the two rows. */
export interface Alias {
  readonly of: string;
  /** What the other one becomes where only this one is set; undefined: nothing. */
  readonly means: (value: unknown) => unknown;
  /** Both are set, and say the same. */
  readonly agrees: (value: unknown, other: unknown) => boolean;
  /** What this one is, for SHOW CONFIG, when the other one is `other`. */
  readonly shows: (other: unknown) => unknown;
}

export type SettingTable = Readonly<Record<string, Setting<unknown>>>;

/** The parsed values of a table of settings. */
export type ValuesOf<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer T> ? T : never;
};

interface Row {
  readonly default?: string;
  readonly unit?: Setting<unknown>['unit'];
  readonly reloadable?: boolean;
  readonly class?: SettingClass;
  readonly differs?: string;
  readonly secret?: boolean;
  readonly notBySet?: boolean;
  readonly alias?: Alias;
  readonly help: string;
}

/** One row of the table. Unless it says otherwise a setting works and can be reloaded. */
export function setting<T>(type: ValueType<T>, row: Row): Setting<T> {
  return {
    type,
    unit: row.unit ?? (type.name === 'time' ? 's' : undefined),
    default: row.default ?? '',
    reloadable: row.reloadable ?? true,
    class: row.class ?? { kind: 'works' },
    differs: row.differs,
    secret: row.secret ?? false,
    notBySet: row.notBySet ?? false,
    alias: row.alias,
    help: row.help,
  };
}

/** Another word for `target`, with the same values. */
export function aliasOf<T>(of: string, target: Setting<T>, help: string): Setting<T> {
  return {
    ...target,
    help,
    alias: {
      of,
      means: (value) => value,
      // Both have been read by the type of `target`.
      agrees: (value, other) => target.type.show(value as T) === target.type.show(other as T),
      shows: (other) => other,
    },
  };
}

/** Accepted with one warning. `silentAt`: the value that asks for what happens anyway. */
export function noEffect(why: string, silentAt?: string): SettingClass {
  return silentAt === undefined ? { kind: 'no-effect', why } : { kind: 'no-effect', why, silentAt };
}
