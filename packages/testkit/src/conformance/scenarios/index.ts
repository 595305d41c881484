import type { Scenario } from '../scenario';
import { preparedScenarios } from './prepared';
import { setScenarios } from './set';

/** All scenarios, by group. @throws Error when two have the same name */
export function allScenarios(): readonly Scenario[] {
  const all = [...setScenarios, ...preparedScenarios];
  const names = new Set<string>();
  for (const { name } of all) {
    if (names.has(name)) throw new Error(`two scenarios are called "${name}"`);
    names.add(name);
  }
  return all;
}
