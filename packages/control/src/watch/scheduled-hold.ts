import type { Clock, Logger } from '@pgweir/pooler';
import type { PlannedSwitchover, TopologyClaim } from '../ports/topology-claims';
import { type ServerKey, serverKey } from '../server-key';
import { CLAIM_FRESH_MS, type ControlSettings } from '../settings';

/** A schedule for some other day; whoever schedules is asked every second anyway. */
const TIMER_MS_MAX = 60_000;
/** While work waits: how often it is looked whether it waits for something. */
const LOOK_MS = 200;

/** What a schedule asks for at a moment. */
export type Step =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'later'; readonly afterMs: number }
  | {
      readonly kind: 'hold';
      readonly planned: PlannedSwitchover;
      /** undefined: whoever the source chooses then. */
      readonly target: ServerKey | undefined;
      /** No longer than that. */
      readonly withinMs: number;
    };

type Hold = Extract<Step, { readonly kind: 'hold' }>;

interface Moment {
  /** Ours, on the wall. */
  readonly wallMs: number;
  readonly settings: Pick<ControlSettings, 'switchoverLeadMs' | 'switchoverTimeoutMs'>;
}

/**
 * From when to when work has to wait. `claim` is what the source says of the cluster in which `primary`
 * leads: a schedule that is not for this leader, or that a pause suspends, is never carried out.
 */
export function stepFor(claim: TopologyClaim, primary: ServerKey, at: Moment): Step {
  const planned = dueFor(claim, primary);
  const { switchoverLeadMs: leadMs, switchoverTimeoutMs: timeoutMs } = at.settings;
  if (planned === undefined || leadMs === 0) return { kind: 'nothing' };
  const afterMs = planned.atMs - claim.clockAheadMs - at.wallMs;
  if (afterMs > leadMs) return { kind: 'later', afterMs: afterMs - leadMs };
  const withinMs = afterMs + timeoutMs;
  if (withinMs <= 0) return { kind: 'nothing' };
  return { kind: 'hold', planned, target: keyOf(claim, planned.to), withinMs };
}

function dueFor(claim: TopologyClaim, primary: ServerKey): PlannedSwitchover | undefined {
  const { paused, switchover } = claim;
  if (switchover === undefined || paused) return undefined;
  const { from } = switchover;
  return from === undefined || keyOf(claim, from) === primary ? switchover : undefined;
}

function keyOf({ members }: TopologyClaim, name: string | undefined): ServerKey | undefined {
  const address = members.find((member) => member.name === name)?.address;
  return name === undefined || address === undefined ? undefined : serverKey(address);
}

export interface ScheduledHoldNeeds {
  readonly settings: () => ControlSettings;
  readonly clock: Clock;
  readonly log: Logger;
  /** Has work wait, if it can. @returns whether it waits for this */
  readonly hold: (target: ServerKey | undefined, withinMs: number) => boolean;
  /** Has work go on. */
  readonly callOff: () => void;
  /** Has the source asked, and `review` called with its answer. */
  readonly ask: () => void;
  /** Has `review` called. */
  readonly review: () => void;
}

type State =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'holding';
      readonly planned: PlannedSwitchover;
      readonly primary: ServerKey;
    };

type Holding = Extract<State, { readonly kind: 'holding' }>;

/** What is seen of the servers. `isHeld`: work waits for a switchover. */
interface Seen {
  readonly primary: ServerKey | undefined;
  readonly isHeld: boolean;
}

/**
 * Has work wait for a switchover that somebody else has scheduled: from shortly before it until another
 * server is primary, it is called off, or nothing has happened for long. What is seen of the schedule and
 * of the servers comes by `review`.
 */
export class ScheduledHold {
  readonly #needs: ScheduledHoldNeeds;
  #state: State = { kind: 'idle' };
  /** What was waited for already, or has been told in the log. */
  #over: PlannedSwitchover | undefined;
  #told: PlannedSwitchover | undefined;
  #stopTimer: () => void = () => undefined;

  constructor(needs: ScheduledHoldNeeds) {
    this.#needs = needs;
  }

  /**
   * Called after every change of what is seen, and of what waits. A claim that is old, or about another
   * leader, says nothing.
   */
  review(claim: TopologyClaim | undefined, seen: Seen): void {
    // While work waits, looks come at their own pace, however often this is called.
    if (this.#state.kind === 'holding') this.#whileHolding(this.#state, seen);
    else this.#stopTimer();
    const { primary, isHeld } = seen;
    if (claim === undefined || primary === undefined || !this.#counts(claim, primary)) return;
    this.#tell(claim.switchover);
    const { clock, settings } = this.#needs;
    const step = stepFor(claim, primary, { wallMs: clock.wallMs(), settings: settings() });
    if (this.#state.kind === 'holding') this.#holdOn(this.#state, step);
    else if (step.kind === 'later') this.#reviewIn(Math.min(step.afterMs, TIMER_MS_MAX));
    else if (step.kind === 'hold' && !isHeld) this.#begin(step, primary);
  }

  close(): void {
    this.#stopTimer();
  }

  #counts({ leader, confirmedAtMs }: TopologyClaim, primary: ServerKey): boolean {
    if (leader === undefined || serverKey(leader) !== primary) return false;
    return this.#needs.clock.nowMs() - confirmedAtMs <= CLAIM_FRESH_MS;
  }

  #begin({ planned, target, withinMs }: Hold, primary: ServerKey): void {
    if (isSame(planned, this.#over) || !this.#needs.hold(target, withinMs)) return;
    this.#state = { kind: 'holding', planned, primary };
    this.#look();
  }

  #whileHolding({ planned, primary }: Holding, seen: Seen): void {
    if (seen.isHeld) return;
    this.#end(planned);
    if (seen.primary === primary) this.#logCalledOff('it has not happened in switchover_timeout');
  }

  /** The old primary leads still. */
  #holdOn({ planned }: Holding, step: Step): void {
    if (step.kind === 'hold' && isSame(step.planned, planned)) return;
    this.#end(planned);
    this.#logCalledOff('it is not scheduled any more');
    this.#needs.callOff();
  }

  #end(planned: PlannedSwitchover): void {
    this.#stopTimer();
    this.#state = { kind: 'idle' };
    this.#over = planned;
  }

  #logCalledOff(reason: string): void {
    this.#needs.log.warn('scheduled switchover: called off, work goes on', { reason });
  }

  #look(): void {
    this.#stopTimer = this.#needs.clock.after(LOOK_MS, () => {
      // Whoever is asked may answer within the call, and end what is looked for.
      this.#look();
      this.#needs.ask();
    });
  }

  #reviewIn(ms: number): void {
    this.#stopTimer = this.#needs.clock.after(ms, this.#needs.review);
  }

  #tell(planned: PlannedSwitchover | undefined): void {
    if (isSame(planned, this.#told)) return;
    this.#told = planned;
    if (planned === undefined) return;
    const { atMs, from, to } = planned;
    const at = new Date(atMs).toISOString();
    this.#needs.log.info('a switchover is scheduled', { at, from, to });
  }
}

function isSame(one: PlannedSwitchover | undefined, other: PlannedSwitchover | undefined): boolean {
  return one?.atMs === other?.atMs && one?.from === other?.from && one?.to === other?.to;
}
