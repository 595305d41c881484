import type { ErrorFields } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { errorFields } from '../errors';
import { Pin, pinReasons } from '../session-state/pins';
import type { Session } from './session';
import type { StateFollowing } from './state-following';
import { settingNews } from './withheld-news';

/** What a session has lost with its link, besides what was under way. */
export interface LostState {
  /** Undefined: everything can be made again. */
  readonly error: ErrorFields | undefined;
  /** ReadyForQuery has come, and was held back from the client. */
  readonly owesReady: boolean;
  /** What the client has to be told of its settings. */
  readonly news: Buffer;
}

const NOTHING = Buffer.alloc(0);

/**
 * Brings what is known of a session to where PostgreSQL would have it behind a connection that broke: what
 * it has said stands, what was not finished is undone. `isAmidst`: something was under way, or a
 * transaction was open.
 */
export function takeLostState(
  session: Session,
  link: Link,
  { isAmidst }: { readonly isAmidst: boolean },
): LostState {
  const { settings, state, unanswered } = session;
  if (state === undefined) return { error: undefined, owesReady: false, news: NOTHING };
  const { told } = state.withheld;
  const owesReady = told !== undefined || state.listener?.withholds === true;
  const { pending } = state.tracker.watch;
  const { expected } = link.statements;
  while (!expected.isEmpty) expected.groupEnded();
  const pins = lostPins(state) & ~untoldPins(session);
  state.beginAgain();
  if (isAmidst) settings.profile = unanswered?.profile ?? settings.profile;
  const parameters = link.identity?.parameters;
  const mayDiffer = (isAmidst || owesReady) && parameters !== undefined;
  const news = mayDiffer
    ? settingNews(settings.profile, parameters, told ?? parameters.currentValues)
    : [];
  const reasons = pinReasons(pins);
  // What a finished statement has left is known when PostgreSQL was asked, which it can't be any more.
  const things = pending && !isAmidst ? [...reasons, UNASKED] : reasons;
  const detail = `Lost: ${things.join(', ')}.`;
  const error = things.length === 0 ? undefined : { ...errorFields('stateLost'), detail };
  return { error, owesReady, news: Buffer.concat(news) };
}

const UNASKED = 'what the last statement has set';

/** In session mode nearly all draw numbers: who asks for the last one hears of it then (55000). */
function untoldPins({ mode }: Session): number {
  return mode === 'session' ? Pin.Sequence : 0;
}

/** Reasons for which the session had kept its link, without those that another link can do. */
function lostPins({ listener, tracker }: StateFollowing): number {
  const { pins } = tracker.watch;
  return listener?.linkLost() === false ? pins : pins & ~Pin.Listen;
}
