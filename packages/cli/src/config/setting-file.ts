import path from 'node:path';
import { reasonOf } from '../system-error';
import { type Findings, type Place, quoted } from './finding';
import type { GlobalValues } from './settings';

interface FileContext {
  readonly access: { readonly cwd: string; readonly readFile: (file: string) => string };
  readonly findings: Findings;
  readonly place: (name: keyof GlobalValues) => Place;
}

type TextSetting = {
  [K in keyof GlobalValues]: GlobalValues[K] extends string ? K : never;
}[keyof GlobalValues];

/** The text of the file that a setting names. `undefined`: it names none, or a problem was found. */
export function readSettingFile(
  name: TextSetting,
  values: GlobalValues,
  { access, findings, place }: FileContext,
): string | undefined {
  const file: string = values[name];
  if (file === '') return undefined;
  try {
    return access.readFile(path.resolve(access.cwd, file));
  } catch (error) {
    findings.problem(place(name), `${name}: cannot read ${quoted(file)}: ${reasonOf(error)}`);
    return undefined;
  }
}
