import { joinAliases } from './aliases';
import { type Findings, type Place, quoted } from './finding';
import { suggestion } from './nearest-name';
import type { Setting, SettingTable, ValuesOf } from './settings/row';

/** One `name = text` as a file has it. */
export interface Assignment extends Place {
  readonly name: string;
  readonly text: string;
}

/** What the files say for one table: values, and where each was last assigned. */
export interface ReadValues<Table> {
  readonly values: Partial<ValuesOf<Table>>;
  readonly places: ReadonlyMap<keyof Table, Place>;
}

/**
 * Turns assignments into values of a table's types. Each assignment is judged, also one that a later
 * one replaces. `subject` leads every message, for example `database "app": `.
 */
export function readValues<Table extends SettingTable>(
  table: Table,
  assignments: readonly Assignment[],
  findings: Findings,
  subject = '',
): ReadValues<Table> {
  const values: Record<string, unknown> = {};
  const places = new Map<keyof Table, Place>();
  for (const assignment of assignments) {
    const { name, text } = assignment;
    const row = Object.hasOwn(table, name) ? table[name] : undefined;
    if (row === undefined) {
      findings.problem(assignment, unknownName(table, assignment, subject));
      continue;
    }
    const value = readValue(row, assignment, findings, subject);
    if (value === undefined) continue;
    values[name] = value.parsed;
    places.set(name, assignment);
    reportClass(row, { ...assignment, text }, findings, subject);
  }
  joinAliases(table, { values, places: places as Map<string, Place> }, findings, subject);
  // Each value came from the `parse` of the row of its name.
  return { values: values as Partial<ValuesOf<Table>>, places };
}

/** Every setting's value: as read, or its default. */
export function withDefaults<Table extends SettingTable>(
  table: Table,
  read: Partial<ValuesOf<Table>>,
): ValuesOf<Table> {
  const values: Record<string, unknown> = {};
  for (const [name, row] of Object.entries(table)) {
    const value = row.type.parse(row.default);
    if (value.kind !== 'ok') throw new Error(`the default of ${name} is not one of its values`);
    values[name] = value.value;
  }
  // As above; names that were read replace their defaults.
  return { ...values, ...read } as ValuesOf<Table>;
}

function readValue(
  row: Setting<unknown>,
  assignment: Assignment,
  findings: Findings,
  subject: string,
): { readonly parsed: unknown } | undefined {
  const { name, text } = assignment;
  const shown = row.secret ? '***' : quoted(text);
  const result = row.type.parse(text);
  switch (result.kind) {
    case 'ok':
      return { parsed: result.value };
    case 'refused':
      findings.problem(assignment, `${subject}${name} = ${shown} is refused: ${result.why}`);
      return undefined;
    case 'bad':
      findings.problem(
        assignment,
        `${subject}${name} = ${shown} is not a valid value; accepted: ${row.type.accepted}`,
      );
      return undefined;
  }
}

function unknownName(table: SettingTable, assignment: Assignment, subject: string): string {
  const hint = suggestion(assignment.name, Object.keys(table));
  return `${subject}unknown parameter ${quoted(assignment.name)}${hint}`;
}

function reportClass(
  row: Setting<unknown>,
  assignment: Assignment,
  findings: Findings,
  subject: string,
): void {
  const { name } = assignment;
  const shown = row.secret ? '***' : quoted(assignment.text);
  if (row.class.kind === 'works') return;
  if (row.class.silentAt !== undefined && same(row, assignment.text, row.class.silentAt)) return;
  if (row.class.kind === 'refused') {
    findings.problem(
      assignment,
      `${subject}${name} = ${shown} is refused: ${row.class.why}; accepted: ${row.class.silentAt}`,
    );
    return;
  }
  findings.warningOnce(
    `no effect: ${name}`,
    assignment,
    `${subject}${name} has no effect: ${row.class.why}`,
  );
}

/** Two spellings of one value, such as 0 and off. */
function same(row: Setting<unknown>, left: string, right: string): boolean {
  const a = row.type.parse(left);
  const b = row.type.parse(right);
  return a.kind === 'ok' && b.kind === 'ok' && row.type.show(a.value) === row.type.show(b.value);
}
