import type { Effects } from '../sql/effects';
import { Mark } from '../sql/marks';
import { OwnStatements } from './own-statement';

/** Nothing is left to be followed of what these statements do. */
export function isHarmless({ marks, localSettings }: Effects): boolean {
  return marks === 0 && localSettings.length === 0;
}

/** SET TRANSACTION, which must come before anything that needs a snapshot. */
export function setsTransaction({ localSettings }: Effects): boolean {
  return localSettings.some((name) => name.startsWith('transaction_'));
}

/** Some setting may be another one behind these statements. */
export function changesSettings({ marks, localSettings }: Effects): boolean {
  return (marks & (Mark.Settings | Mark.UnknownSettings)) !== 0 || localSettings.length > 0;
}

/** The statement speaks of prepared statements by the client's names for them. */
export function needsOwnNames(effects: Effects): boolean {
  // What stands behind it in its group knows what goes.
  if (dropsStatements(effects) && effects.executes.length === 0) return false;
  return (effects.marks & Mark.SqlPrepared) !== 0;
}

/** DEALLOCATE ALL, or DISCARD ALL, which no other statement can stand beside. */
export function dropsStatements({ marks, deallocates, resets, unlistens }: Effects): boolean {
  if (deallocates === 'all') return true;
  const discards = (marks & Mark.Discard) !== 0 && (marks & Mark.SqlPrepared) !== 0;
  return discards && resets === 'all' && unlistens === 'all';
}

/** Statements are taken away, and none is made. */
export function onlyDeallocates(effects: Effects): boolean {
  return effects.deallocates !== undefined || dropsStatements(effects);
}

/** The key of the name in a text that is one DEALLOCATE. */
export function deallocatedKey({ deallocates }: Effects): string | undefined {
  if (deallocates === undefined || deallocates === 'all') return undefined;
  return OwnStatements.keyOf(deallocates.name);
}
