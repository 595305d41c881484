import { type Findings, type Place, quoted } from './finding';
import type { SettingTable } from './settings/row';

/** What was read of one table, by name. */
interface Read {
  readonly values: Record<string, unknown>;
  readonly places: Map<string, Place>;
}

/** Where both names of a setting stand, they have to say the same; where one stands, the other follows. */
export function joinAliases(
  table: SettingTable,
  { values, places }: Read,
  findings: Findings,
  subject: string,
): void {
  for (const [name, { alias, type }] of Object.entries(table)) {
    const place = places.get(name);
    if (alias === undefined || place === undefined) continue;
    const [value, other] = [values[name], values[alias.of]];
    const otherPlace = places.get(alias.of);
    if (otherPlace === undefined) {
      const meant = alias.means(value);
      if (meant === undefined) continue;
      values[alias.of] = meant;
      places.set(alias.of, place);
    } else if (!alias.agrees(value, other)) {
      const [shown, otherShown] = [type.show(value), table[alias.of]?.type.show(other) ?? ''];
      const message =
        `${name} = ${quoted(shown)} (${at(place)}) and ${alias.of} = ${quoted(otherShown)} ` +
        `(${at(otherPlace)}) are one setting with two values`;
      findings.problem(place, `${subject}${message}`);
    }
  }
}

function at({ file, line }: Place): string {
  return line > 0 ? `${file}:${line}` : file;
}

/** Whether two names are of one setting. */
export function isSameSetting(table: SettingTable, one: string, other: string): boolean {
  const target = (name: string) =>
    (Object.hasOwn(table, name) ? table[name]?.alias?.of : undefined) ?? name;
  return target(one) === target(other);
}
