import { CAPS } from '../contestants/doors';
import { bulk } from './bulk';
import { connections } from './connections';
import { selects, sharedSelects, writes } from './queries';
import { queueing } from './queueing';
import type { Scenario } from './scenario';

/** In the order of the report. */
export const SCENARIOS: readonly Scenario[] = [
  ...selects,
  ...sharedSelects,
  ...writes,
  ...bulk,
  ...connections,
  ...queueing,
];

export interface Selection {
  readonly quick: boolean;
  /** Words; a scenario whose name contains one of them runs. Empty: all. */
  readonly only: readonly string[];
}

/** @throws Error when a word fits nothing */
export function selectScenarios({ quick, only }: Selection): readonly Scenario[] {
  const fits = (scenario: Scenario, word: string): boolean => scenario.name.includes(word);
  for (const word of only) {
    if (!SCENARIOS.some((scenario) => fits(scenario, word))) {
      const names = SCENARIOS.map(({ name }) => name).join(', ');
      throw new Error(`no scenario's name contains "${word}"; there are ${names}`);
    }
  }
  if (only.length > 0) return SCENARIOS.filter((it) => only.some((word) => fits(it, word)));
  return SCENARIOS.filter(({ isQuick }) => isQuick || !quick);
}

/** Why nobody is asked to serve it; undefined: everybody is. */
export function unservable({ door, clients }: Scenario): string | undefined {
  if (door !== 'session' || clients <= CAPS.session) return undefined;
  return `in session mode each of ${clients} clients holds a link, which is not pooling`;
}
