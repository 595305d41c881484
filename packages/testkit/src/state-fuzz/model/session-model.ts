import { CursorShelf } from './cursors';
import { PreparedShelf } from './prepared';
import { SequenceShelf } from './sequences';
import { offsetOf } from './setting-kinds';
import { afterCommit, FRESH, type SettingValue, type TxState, withEntry } from './tx-state';
import type { World } from './world';

interface Save {
  readonly name: string;
  readonly state: TxState;
  readonly born: number;
}

type Tx =
  | { readonly kind: 'none' }
  /** A group of statements without BEGIN: undone by an error, done at its end. */
  | { readonly kind: 'implicit'; readonly base: TxState }
  | {
      readonly kind: 'open';
      readonly base: TxState;
      readonly saves: readonly Save[];
      readonly hasFailed: boolean;
    };

export interface SessionIdentity {
  /** Nobody else has it, at any time. */
  readonly label: string;
  /** Number of the client: what is private is made from it. */
  readonly who: number;
  /** Settings at the start of the connection. */
  readonly startSettings: ReadonlyMap<string, string>;
}

/** What PostgreSQL keeps for one connection, after all that it was told. */
export class SessionModel {
  readonly label: string;
  readonly who: number;
  readonly world: World;
  readonly startSettings: ReadonlyMap<string, string>;
  readonly prepared = new PreparedShelf();
  readonly cursors = new CursorShelf();
  readonly sequences = new SequenceShelf();
  /** Advisory locks of the session, with how often each was taken. */
  readonly locks = new Map<number, number>();
  state: TxState = FRESH;
  tx: Tx = { kind: 'none' };
  /** When the group was sent with which it last left off being idle; see NotificationBook. */
  busySince = 0;
  /** Of `setseed`, and how many numbers were drawn since. */
  seed: { readonly seed: string; drawn: number } | undefined;
  /** A setting was named by an expression: nobody can tell which, from outside. */
  hasHiddenSetting = false;
  /** How often something happened that may make PostgreSQL analyse prepared statements anew. */
  planEvents = 0;
  /** Every time zone that it has had. */
  readonly zonesEver = new Set<string>();
  /** As the text that runs was read, which for several statements in one text is once. */
  standardStrings = true;
  /** The group that runs began inside of a transaction. */
  beganWithin = false;
  /** That had failed by then. */
  beganFailed = false;
  /** It has statements that end one. */
  endsWithin = false;
  #clock = 0;

  constructor(identity: SessionIdentity, world: World) {
    this.label = identity.label;
    this.who = identity.who;
    this.startSettings = identity.startSettings;
    this.world = world;
    this.zonesEver.add(this.shown('TimeZone'));
  }

  /** As ReadyForQuery says it. */
  get status(): 'I' | 'T' | 'E' {
    if (this.tx.kind !== 'open') return 'I';
    return this.tx.hasFailed ? 'E' : 'T';
  }

  get savepoints(): readonly string[] {
    return this.tx.kind === 'open' ? this.tx.saves.map(({ name }) => name) : [];
  }

  /** What SHOW shows. */
  shown(name: string): string {
    const value = this.state.settings.get(name);
    return value?.local ?? value?.session ?? this.startSettings.get(name) ?? '';
  }

  /** The startup packet has set it. */
  isGivenAtStart(name: string): boolean {
    return this.startSettings.get(name) !== this.world.options.defaults.get(name);
  }

  /** It is not what it was at the beginning of the transaction, or was set anew. */
  hasChangedInTransaction(name: string): boolean {
    if (this.tx.kind === 'none') return false;
    return this.tx.base.settings.get(name) !== this.state.settings.get(name);
  }

  get role(): string {
    return this.shown('role');
  }

  get currentUser(): string {
    return this.role === 'none' ? 'app' : this.role;
  }

  /** Seconds east of UTC. */
  get zoneOffset(): number {
    return offsetOf(this.shown('TimeZone'));
  }

  /** The schemas of search_path that exist, in order. */
  get schemas(): readonly string[] {
    const names = this.shown('search_path').split(', ');
    return names
      .map((name) => (name === '"$user"' ? this.currentUser : name))
      .filter((name) => name !== 'app' && !name.startsWith('nosuch'));
  }

  /** Advisory locks, of the session and of the transaction. */
  get heldLocks(): ReadonlySet<number> {
    return new Set([...this.locks.keys(), ...this.state.xactLocks]);
  }

  /** Whether it has something that cannot be taken to another link. */
  get isPinned(): boolean {
    return (
      this.state.temps.size > 0 ||
      this.locks.size > 0 ||
      this.cursors.heldNames.length > 0 ||
      this.prepared.hasSql ||
      this.sequences.isUsed ||
      this.hasHiddenSetting ||
      this.seed !== undefined
    );
  }

  set(name: string, value: string): void {
    this.#setting(name, { session: value });
  }

  setLocal(name: string, value: string): void {
    this.#setting(name, { ...this.state.settings.get(name), local: value });
  }

  reset(name: string): void {
    this.#setting(name, undefined);
  }

  /** RESET ALL leaves the role alone. */
  resetAll(): void {
    const role = this.state.settings.get('role');
    const settings = new Map(role === undefined ? [] : [['role', role] as const]);
    this.state = { ...this.state, settings };
  }

  /**
   * A pooler asks at the end of a group: what became of an UNLISTEN it can't tell if the group ends the
   * transaction and fails after that, or goes on.
   */
  #doubtUnlistens(listened: readonly string[]): void {
    if (!this.beganWithin || !this.endsWithin || this.world.options.isDirect) return;
    const { notifications: book } = this.world;
    for (const action of this.state.listens) {
      const isMeant = (channel: string): boolean =>
        action.kind === 'unlistenAll' || (action.kind === 'unlisten' && action.channel === channel);
      for (const channel of listened.filter(isMeant)) book.doubt(this.label, channel);
    }
  }

  /** A number for what is made now: greater than those of savepoints that are there already. */
  now(): number {
    this.#clock += 1;
    return this.#clock;
  }

  /** Before a group runs. */
  beforeGroup({ exits }: { readonly exits: boolean }): void {
    this.beganWithin = this.status !== 'I';
    this.beganFailed = this.status === 'E';
    this.endsWithin = exits;
  }

  /** Before a text is read. */
  beforeText(): void {
    this.standardStrings = this.shown('standard_conforming_strings') === 'on';
  }

  /** Before each statement. */
  beforeStatement(): void {
    if (this.tx.kind === 'none') {
      this.tx = { kind: 'implicit', base: this.state };
    }
  }

  /** At Sync, or the end of a simple query. */
  endOfGroup(): void {
    if (this.tx.kind === 'implicit') this.commit();
  }

  begin(): void {
    if (this.tx.kind === 'open') return;
    const base = this.tx.kind === 'implicit' ? this.tx.base : this.state;
    this.tx = { kind: 'open', base, saves: [], hasFailed: false };
  }

  commit(): void {
    if (this.tx.kind === 'none') return;
    const { listens, notifies } = this.state;
    const { notifications: book, options } = this.world;
    // PostgreSQL 14 tells others of a commit only when the session is idle, which is unknown here.
    const notBefore = options.major < 15 ? 0 : this.busySince;
    const listened = book.channelsOf(this.label);
    for (const action of listens) {
      if (action.kind === 'listen') book.listen(this.label, action.channel, notBefore);
      else if (action.kind === 'unlisten') book.unlisten(this.label, action.channel);
      else for (const channel of book.channelsOf(this.label)) book.unlisten(this.label, channel);
    }
    this.#doubtUnlistens(listened);
    for (const note of notifies) book.committed(note);
    this.state = afterCommit(this.state);
    this.cursors.committed();
    this.tx = { kind: 'none' };
  }

  rollback(): void {
    if (this.tx.kind === 'none') return;
    this.#goBackTo(this.tx.base, 0);
    this.tx = { kind: 'none' };
  }

  savepoint(name: string): void {
    if (this.tx.kind !== 'open') return;
    const save: Save = { name, state: this.state, born: this.now() };
    this.tx = { ...this.tx, saves: [...this.tx.saves, save] };
  }

  release(name: string): void {
    if (this.tx.kind !== 'open') return;
    this.tx = { ...this.tx, saves: this.tx.saves.slice(0, this.savepoints.lastIndexOf(name)) };
  }

  rollbackTo(name: string): void {
    if (this.tx.kind !== 'open') return;
    const at = this.savepoints.lastIndexOf(name);
    const save = this.tx.saves[at];
    if (save === undefined) return;
    this.#goBackTo(save.state, save.born);
    this.tx = { ...this.tx, saves: this.tx.saves.slice(0, at + 1), hasFailed: false };
  }

  /** After an error. What the innermost savepoint began is undone at once. */
  fail(): void {
    switch (this.tx.kind) {
      case 'none':
        return;
      case 'implicit':
        return this.rollback();
      case 'open': {
        if (this.tx.hasFailed) return;
        const save = this.tx.saves.at(-1);
        this.#goBackTo(save?.state ?? this.tx.base, save?.born ?? 0);
        this.tx = { ...this.tx, hasFailed: true };
      }
    }
  }

  /** DISCARD ALL, which PostgreSQL allows outside of transactions only. */
  discardAll(): void {
    this.reset('role');
    this.resetAll();
    this.prepared.removeAll();
    this.cursors.closeAll();
    this.locks.clear();
    this.sequences.forget();
    this.hasHiddenSetting = false;
    this.state = { ...this.state, temps: new Map(), listens: [{ kind: 'unlistenAll' }] };
  }

  #setting(name: string, value: SettingValue | undefined): void {
    this.state = { ...this.state, settings: withEntry(this.state.settings, name, value) };
    if (name === 'TimeZone') this.zonesEver.add(this.shown(name));
  }

  #goBackTo(state: TxState, born: number): void {
    this.#doubtUnlistens(this.world.notifications.channelsOf(this.label));
    const kept = new Set(state.notifies);
    for (const note of this.state.notifies) {
      if (!kept.has(note)) this.world.notifications.undone(note);
    }
    this.state = state;
    this.cursors.undone(born);
  }
}
