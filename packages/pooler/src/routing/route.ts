import type { Verdict } from './read-judge';
import type { RouteHint } from './route-hint';

/** The kind of server that a statement goes to. */
export type Route = 'primary' | 'replica';

/** What of a session its statements' routes depend on. */
export interface RouteContext {
  /** The transaction that is open before the statement: none, or one that may write, or READ ONLY. */
  readonly transaction: 'none' | 'readWrite' | 'readOnly';
  /** The session keeps its link, for a reason that SHOW PINS names. */
  readonly isPinned: boolean;
  /** Its transactions are serializable, which no replica offers. */
  readonly isSerializable: boolean;
  /** The session's `pgweir.route`; `none`: auto. */
  readonly setting: RouteHint;
}

/**
 * Where a statement may go. A comment in it goes before the session's setting. Of several statements
 * that are sent as one group each one must be for a replica, or all go to the primary.
 */
export function routeOf(verdict: Verdict, context: RouteContext): Route {
  if (context.isPinned || context.isSerializable) return 'primary';
  if (context.transaction === 'readWrite') return 'primary';
  const hint = verdict.hint === 'none' ? context.setting : verdict.hint;
  if (hint === 'primary') return 'primary';
  // It has begun where the statement that opened it went.
  if (context.transaction === 'readOnly') return 'replica';
  if (hint === 'replica') return isReadByGrammar(verdict) ? 'replica' : 'primary';
  return verdict.nature === 'read' || verdict.nature === 'opener' ? 'replica' : 'primary';
}

/** Who asks for a replica answers for functions and views, but not for what the text itself writes. */
function isReadByGrammar({ byGrammar }: Verdict): boolean {
  return byGrammar !== 'other';
}
