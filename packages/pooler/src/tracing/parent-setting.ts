import type { Session } from '../frontend/session';
import type { TraceParent } from '../ports/transaction-observer';
import { TRACE_PARENT } from '../routing/own-settings';
import type { Profile } from '../session-state/profile';
import type { ParentChange } from './set-parent';
import { parseTraceParent } from './trace-parent';

/** What `pgweir.traceparent` is for one session, as far as that is known. */
export class ParentSetting {
  readonly #session: Session;
  #parent: TraceParent | undefined;
  /** From which it was read. */
  #profile: Profile | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /** What the startup packet says; and where settings are followed, what they are by now. */
  get parent(): TraceParent | undefined {
    const { settings, tracksState } = this.#session;
    const { profile } = settings;
    if (profile !== this.#profile && (this.#profile === undefined || tracksState)) {
      this.#profile = profile;
      this.#parent = parentOf(profile);
    }
    return this.#parent;
  }

  /** The client sets it. Where settings are followed, what comes of that is known from them. */
  change({ kind, parent }: ParentChange): void {
    const { settings, tracksState } = this.#session;
    if (tracksState || kind === 'local') return;
    this.#profile ??= settings.profile;
    this.#parent = kind === 'reset' ? parentOf(settings.startup) : parent;
  }
}

function parentOf({ values }: Profile): TraceParent | undefined {
  return parseTraceParent(values.get(TRACE_PARENT) ?? '');
}
