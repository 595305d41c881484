import type { Link } from '../backend/link';
import { tickOfStatements } from '../backend/link-statements';
import type { OwnResult } from '../backend/own-run';
import { type ErrorInstead, errorInstead } from '../errors';
import type { StateFollowing } from '../frontend/state-following';
import type { Effects } from '../sql/effects';
import { Mark } from '../sql/marks';
import { type SessionPin, sessionPin } from '../stats/session-pin';
import { onlyDeallocates } from './effect-questions';
import {
  ANSWERABLE,
  decidedPins,
  type Inspection,
  type InspectionWant,
  inspectionSql,
  marksOfPins,
  readInspection,
} from './inspection';
import { LASTING_PINS, Pin, pinReasons } from './pins';
import { isTooLarge, profileOf } from './profile';

/** Marks of statements that make a session keep its link. */
const PINNING =
  Mark.TempObjects |
  Mark.AdvisoryLocks |
  Mark.HeldCursors |
  Mark.SqlPrepared |
  Mark.Load |
  Mark.Seed |
  Mark.SequenceSet |
  Mark.UnknownSettings |
  Mark.Listen;

/** Marks that matter to a session that is pinned, and to no other. */
const ONLY_IF_PINNED = Mark.Releases | Mark.Unlisten | Mark.Discard;

/** Marks that call for nothing here. */
const UNWATCHED = Mark.Notify | Mark.ParseTime;

/** What can't be asked, and pins at once: mark and pin. */
const UNASKED: readonly (readonly [number, number])[] = [
  [Mark.Load, Pin.Load],
  [Mark.Seed, Pin.Seed],
  [Mark.SequenceSet, Pin.Sequence],
  [Mark.UnknownSettings, Pin.Setting],
];

/** Of a statement that pins, this much is kept for whoever asks why. */
const STATEMENT_LENGTH_MAX = 2000;

/** The client's limit is not for what we ask, as long as it is not what is asked about. */
const TIME_LIMIT = 'statement_timeout';
const UNTIMED = `SET LOCAL ${TIME_LIMIT} = 0;`;

export type Permission =
  | { readonly kind: 'go' }
  /** The statement has to wait; `begin` begins what it waits for. */
  | { readonly kind: 'wait'; readonly begin: () => void }
  | { readonly kind: 'refuse'; readonly error: ErrorInstead };

const GO: Permission = { kind: 'go' };

/** What became of a lease at the end of a transaction. */
export type Verdict = 'free' | 'pinned' | 'asking';

/**
 * Watches what the statements of one session leave on its link: notes it from their texts, asks
 * PostgreSQL about it when the transaction is over, and knows for which reasons the session is pinned.
 */
export class StateWatch {
  /** Bits of `Pin`. */
  pins = 0;
  /** Why, since when and by which statement, for whoever asks. */
  pin: SessionPin | undefined;
  /** A setting changed in the transaction that is open: what it will be is not known yet. */
  settingsOpen = false;
  /** Those that may have changed in it, and when (by `tickOfStatements`); Infinity: for its time only. */
  readonly openSettings = new Map<string, number>();
  #marks = 0;
  #settings: Set<string> | undefined;
  #resets: Set<string> | undefined;
  #resetsAll = false;
  /** Settings that were given a value, whatever else happened to them. */
  #explicit: Set<string> | undefined;
  #statement = '';
  readonly #host: StateFollowing;

  constructor(host: StateFollowing) {
    this.#host = host;
  }

  /** Something has to be asked before the link may change hands. */
  get pending(): boolean {
    return this.#marks !== 0;
  }

  /** There may be temporary objects, which come before others of their names. */
  get mayHaveTemp(): boolean {
    return ((this.pins & Pin.TemporaryObject) | (this.#marks & Mark.TempObjects)) !== 0;
  }

  /** Marks of these effects that mean something in the state in which the session is. */
  relevant(effects: Effects): number {
    let marks = effects.marks & ~UNWATCHED;
    // Of a link that is not taken over, DEALLOCATE leaves nothing to ask about.
    const takenOver = this.#host.link?.statements.takenOver === true;
    if (onlyDeallocates(effects) && !takenOver) marks &= ~Mark.SqlPrepared;
    if (this.pins !== 0) return marks;
    const hears = this.#host.listener?.hearsVirtually === true ? Mark.Unlisten : 0;
    return marks & ~(ONLY_IF_PINNED & ~hears);
  }

  /**
   * Asked before a statement with these effects is sent on `link`. `midGroup`: nothing can be put
   * in front of it.
   */
  permit(link: Link, effects: Effects, midGroup: boolean): Permission {
    const marks = this.relevant(effects);
    const { sessionState } = this.#host;
    const pinning = (marks & PINNING) !== 0 && !onlyDeallocates(effects);
    if (pinning && sessionState === 'strict') {
      return { kind: 'refuse', error: errorInstead('notKeptInStrictMode') };
    }
    if (pinning && this.pins === 0) {
      const refusal = this.#host.pinning.ask();
      if (refusal !== undefined) return refusal;
    }
    const { listener } = this.#host;
    if (listener?.needsShadow(link, effects, midGroup) === true) {
      return { kind: 'wait', begin: () => listener.castShadow(link) };
    }
    const sequences = (marks & (Mark.SequenceRead | Mark.SequenceSet)) !== 0;
    if (!sequences || link.sequencesOf === this.#host.id) return GO;
    if (!midGroup) return { kind: 'wait', begin: () => this.#cleanSequences(link, marks) };
    // It would tell of numbers that somebody else has drawn.
    if ((marks & Mark.SequenceRead) === 0) return GO;
    return { kind: 'refuse', error: errorInstead('sequenceNotKnown') };
  }

  /** Whatever `currval` may say from here on is this session's own doing. */
  #cleanSequences(link: Link, marks: number): void {
    if ((marks & Mark.SequenceRead) !== 0) this.#host.admission.pool.readsSequences = true;
    this.#host.runOwn(link, 'DISCARD SEQUENCES', (result) => {
      if (result.kind === 'done') link.sequencesOf = this.#host.id;
      else this.#host.failWith({ ...result.error, severity: 'FATAL' }, 'DISCARD SEQUENCES failed');
    });
  }

  /**
   * A statement with these effects goes out.
   *
   * @returns whether what follows it has to wait for its end
   */
  note(link: Link, effects: Effects, text: () => string): boolean {
    const marks = this.relevant(effects);
    const notifies = (effects.marks & Mark.Notify) !== 0 && this.#host.sendsNotifications();
    this.#host.listener?.note(link, effects);
    for (const name of effects.localSettings) this.#open(name, Infinity);
    if (marks === 0) return notifies;
    this.#marks |= marks;
    if ((marks & PINNING) !== 0) this.#statement = text().slice(0, STATEMENT_LENGTH_MAX);
    if (effects.resets === 'all') {
      this.#resetsAll = true;
      const { profile, startup } = this.#host.settings;
      for (const name of profile.values.keys()) this.#noteSetting(name);
      for (const name of startup.values.keys()) this.#noteSetting(name);
    } else {
      for (const name of effects.resets) {
        this.#noteSetting(name);
        this.#resets ??= new Set();
        this.#resets.add(name);
      }
    }
    if (this.startupSettingsUndone().length > 0) this.#host.withhold();
    for (const name of effects.settings) this.noteGiven(name);
    return true;
  }

  /** A setting is given a value: it is not back at its default, whatever was reset before. */
  noteGiven(name: string): void {
    this.#noteSetting(name);
    this.#resets?.delete(name);
    this.#explicit ??= new Set();
    this.#explicit.add(name);
  }

  #noteSetting(name: string): void {
    this.#marks |= Mark.Settings;
    this.#open(name, tickOfStatements());
    this.#settings ??= new Set();
    this.#settings.add(name);
  }

  #open(name: string, tick: number): void {
    this.settingsOpen = true;
    this.openSettings.set(name, Math.max(tick, this.openSettings.get(name) ?? 0));
  }

  /** The transaction is over, and what the session's settings are is known. */
  #closeSettings(): void {
    this.#host.settingsClosed(this.openSettings);
    this.settingsOpen = false;
    this.openSettings.clear();
  }

  /** DISCARD ALL has run: what PostgreSQL can't be asked about is gone. */
  discarded(): void {
    this.#setPins(this.pins & ~(Pin.Setting | Pin.Sequence));
  }

  /** Pins for a reason that PostgreSQL is not asked about. */
  pinFor(reason: number, statement: string): void {
    this.#statement ||= statement;
    this.#setPins(this.pins | reason);
  }

  unpin(reason: number): void {
    this.#setPins(this.pins & ~reason);
  }

  #setPins(pins: number): void {
    if (pins === this.pins) return;
    const fresh = pins & ~this.pins;
    const before = this.pin;
    this.pins = pins;
    if (pins === 0) {
      this.pin = undefined;
      this.#host.pinning.ended();
      return;
    }
    const reasons = pinReasons(pins);
    this.pin =
      before === undefined
        ? sessionPin(reasons, { statement: this.#statement, nowMs: this.#host.nowMs })
        : { ...before, reasons };
    if (before === undefined) this.#host.pinning.began();
    if (fresh !== 0) this.#host.pinning.hasReasons(fresh);
  }

  /** Settings of the startup packet that the transaction has sent back to the link's defaults. */
  startupSettingsUndone(): readonly string[] {
    const startup = this.#host.settings.startup.values;
    if (startup.size === 0) return [];
    if (this.#resetsAll) return [...startup.keys()];
    return [...(this.#resets ?? [])].filter((name) => startup.has(name));
  }

  /** The startup packet's values stand again: there is nothing left to be made up for. */
  startupSettingsRestored(): void {
    this.#resets = undefined;
    this.#resetsAll = false;
  }

  /** ErrorResponse: what its group has reset is as it was before. */
  groupFails(): void {
    this.startupSettingsRestored();
  }

  /** The link is out of its transaction and nothing is owed: may it go? */
  settle(link: Link): Verdict {
    if (this.#marks === 0) {
      if (this.settingsOpen) this.#closeSettings();
      return this.pins === 0 ? 'free' : 'pinned';
    }
    const listens = (this.#marks & Mark.Unlisten) === 0 ? 0 : Mark.Listen;
    const marks = (this.#marks | marksOfPins(this.pins) | listens) & ANSWERABLE;
    const settings = this.#settingsToAsk(link);
    let pins = this.pins;
    for (const [mark, pin] of UNASKED) if ((this.#marks & mark) !== 0) pins |= pin;
    const asked = (marks & ~Mark.Settings) !== 0 || settings.length > 0;
    if (!asked) {
      this.#forget();
      if (pins === 0) link.changedBy = 0;
      this.#setPins(pins);
      return pins === 0 ? 'free' : 'pinned';
    }
    const { settingDefaults } = this.#host.admission.pool;
    const run = this.#host.runOwn.bind(this.#host);
    settingDefaults.learn(link, settings, run, () => {
      const withSource = settings.filter((name) => !settingDefaults.knows(name));
      const withNames = link.statements.takenOver;
      const want: InspectionWant = { marks, settings, withSource, withNames };
      const isTimed = link.profile.values.has(TIME_LIMIT) && !settings.includes(TIME_LIMIT);
      const sql = `${isTimed ? UNTIMED : ''}${inspectionSql(want)}`;
      run(link, sql, (result) => this.#answered(link, want, pins, result), 'row');
    });
    return 'asking';
  }

  /** What PostgreSQL reports by itself need not be asked. */
  #settingsToAsk(link: Link): readonly string[] {
    const names = [...(this.#settings ?? [])];
    const parameters = link.identity?.parameters;
    if (parameters?.current('client_encoding') !== 'UTF8') return names;
    const startup = this.#host.settings.startup.values;
    return names.filter((name) => !parameters.belongsToSession(name) || startup.has(name));
  }

  #answered(link: Link, want: InspectionWant, pins: number, result: OwnResult): void {
    if (result.kind === 'failed' || result.row === undefined) {
      // Asked again after the next transaction.
      this.#setPins(pins | Pin.Unknown);
      this.#host.settled(link, 'pinned');
      return;
    }
    const answer = readInspection(want, result.row);
    let found = (pins & ~decidedPins(want.marks) & ~Pin.Unknown) | answer.pins;
    if ((want.marks & Mark.Listen) !== 0 && !this.#listens(link, answer)) found &= ~Pin.Listen;
    if (!this.#adopt(link, answer)) found |= Pin.Setting;
    if (answer.names !== undefined) this.#host.tracker.statements.keepOnly(link, answer.names);
    this.#forget();
    if (found === 0) link.changedBy = 0;
    this.#setPins(found);
    this.#host.settled(link, found === 0 ? 'free' : 'pinned');
  }

  /** @returns whether the link is needed for what the session listens to */
  #listens(link: Link, { channels }: Inspection): boolean {
    if (channels.length === 0 && this.#host.listener === undefined) return false;
    return this.#host.listens().inspected(link, channels);
  }

  /** Takes the values over. @returns false when they can't be replayed on another link */
  #adopt(link: Link, { settings, untouched }: Inspection): boolean {
    const host = this.#host;
    const before = host.settings.profile;
    const own = new Map(before.values);
    const onLink = new Map(link.profile.values);
    const startup = host.settings.startup.values;
    const parameters = link.identity?.parameters;
    for (const [name, value] of settings) {
      const given = this.#explicit?.has(name) === true;
      const isReset = !given && (this.#resetsAll || this.#resets?.has(name) === true);
      const untold = untouched.has(name) || parameters?.initial(name) === value;
      if (value === null || untold || isDefault(name, value, host)) {
        own.delete(name);
        // Whoever has the link next must not see that somebody has set it, if only to its default.
        if (isReset || value === null || untold || !isPlain(name)) onLink.delete(name);
        else if (host.admission.pool.settingDefaults.isSettable(name)) onLink.set(name, value);
      } else if (isReset && value !== before.values.get(name) && isForgotten(name, startup)) {
        own.delete(name);
        onLink.delete(name);
      } else {
        own.set(name, value);
        onLink.set(name, value);
      }
      const atStartup = startup.get(name);
      if (isReset && atStartup !== undefined && !own.has(name)) {
        own.set(name, atStartup);
      }
    }
    const profile = profileOf(own);
    const linkProfile = profileOf(onLink);
    host.settings.profile = profile;
    link.profile = linkProfile.key === profile.key ? profile : linkProfile;
    return !isTooLarge(own);
  }

  #forget(): void {
    this.#marks = 0;
    this.#settings = undefined;
    this.#resets = undefined;
    this.#explicit = undefined;
    this.#resetsAll = false;
    this.#statement = '';
    if (this.settingsOpen) this.#closeSettings();
  }

  /** The session leaves its link for good. @returns what has to be done about it */
  leave(link: Link): void {
    if (this.#marks !== 0 || this.pins !== 0) link.needsCleaning = true;
    if (((this.#marks & (Mark.Load | Mark.Seed)) | (this.pins & LASTING_PINS)) !== 0) {
      link.retireReason ??= 'session state that cannot be taken away';
    }
    this.#forget();
    this.#setPins(0);
  }
}

function isDefault(name: string, value: string, { admission }: StateFollowing): boolean {
  if (name === 'role') return value === 'none';
  if (name === 'session_authorization') return value === admission.pool.user;
  return admission.pool.settingDefaults.isDefault(name, value);
}

/** A setting like most: not one that says who acts. */
function isPlain(name: string): boolean {
  return name !== 'role' && name !== 'session_authorization';
}

/** A custom setting that was reset is there, and empty, if nothing was said of it at the start. */
function isForgotten(name: string, startup: ReadonlyMap<string, string>): boolean {
  return !name.includes('.') || startup.has(name);
}
