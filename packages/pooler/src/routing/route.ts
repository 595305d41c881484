import type { Verdict } from './read-judge';
import type { RouteHint } from './route-hint';

/** The kind of server that a statement goes to. */
export type Route = 'primary' | 'replica';

/** What of a session without a link its statements' routes depend on. With a link they follow that. */
export interface RouteContext {
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
  if (context.isSerializable) return 'primary';
  const hint = verdict.hint === 'none' ? context.setting : verdict.hint;
  if (hint === 'primary') return 'primary';
  if (hint === 'replica') return isReadByGrammar(verdict) ? 'replica' : 'primary';
  return verdict.nature === 'read' || verdict.nature === 'opener' ? 'replica' : 'primary';
}

/** Who asks for a replica answers for functions and views, but not for what the text itself writes. */
function isReadByGrammar({ byGrammar }: Verdict): boolean {
  return byGrammar !== 'other';
}
