import { type Effects, NO_EFFECTS } from './effects';
import { Mark } from './marks';

/** Settings that PostgreSQL gives back at the end of each transaction, however they were set. */
const OF_TRANSACTION: ReadonlySet<string> = new Set([
  'transaction_isolation',
  'transaction_read_only',
  'transaction_deferrable',
]);

/** The effects of the statements of one text, while they are collected. */
export class CollectedEffects {
  marks = 0;
  deallocates: Effects['deallocates'] = undefined;
  exitsTransaction = false;
  isVague = false;
  restAt = 0;
  readonly #settings = new Set<string>();
  readonly #localSettings = new Set<string>();
  readonly #settingParameters = new Set<number>();
  readonly #resets = new Set<string>();
  readonly #unlistens = new Set<string>();
  readonly #prepares = new Set<string>();
  readonly #executes = new Set<string>();
  #resetsAll = false;
  #unlistensAll = false;

  mark(bits: number): void {
    this.marks |= bits;
  }

  /** A setting may change until the end of the session. */
  setting(name: string): void {
    this.#change(name.toLowerCase(), this.#settings);
  }

  /** A setting may go back to its default. */
  reset(name: string): void {
    this.#change(name.toLowerCase(), this.#resets);
  }

  localSetting(name: string): void {
    this.#localSettings.add(name.toLowerCase());
  }

  /** A setting may change, whose name is not known before a parameter is. */
  settingParameter(parameter: number): void {
    this.marks |= Mark.Settings;
    this.#settingParameters.add(parameter);
  }

  /** A setting may change, and nothing tells which; or something else that one can ask for. */
  unknownSetting(): void {
    this.marks |= Mark.Settings | Mark.UnknownSettings;
  }

  resetAll(): void {
    this.marks |= Mark.Settings;
    this.#resetsAll = true;
  }

  /** Without a channel: all of them. */
  unlisten(channel: string | undefined): void {
    this.marks |= Mark.Unlisten;
    if (channel === undefined) this.#unlistensAll = true;
    else this.#unlistens.add(channel);
  }

  prepare(name: string): void {
    this.marks |= Mark.SqlPrepared;
    this.#prepares.add(name);
  }

  execute(name: string): void {
    this.marks |= Mark.SqlPrepared;
    this.#executes.add(name);
  }

  result(): Effects {
    const { marks, deallocates, exitsTransaction, isVague, restAt } = this;
    if (marks === 0 && !exitsTransaction && this.#localSettings.size === 0) return NO_EFFECTS;
    return {
      marks,
      settings: [...this.#settings],
      localSettings: [...this.#localSettings],
      resets: this.#resetsAll ? 'all' : [...this.#resets],
      settingParameters: [...this.#settingParameters],
      unlistens: this.#unlistensAll ? 'all' : [...this.#unlistens],
      deallocates,
      prepares: [...this.#prepares],
      executes: [...this.#executes],
      exitsTransaction,
      isVague,
      restAt,
    };
  }

  #change(name: string, names: Set<string>): void {
    if (name === 'seed') {
      // It has no value that could be asked for or given back.
      this.marks |= Mark.Seed;
      return;
    }
    if (OF_TRANSACTION.has(name)) {
      this.#localSettings.add(name);
      return;
    }
    this.marks |= Mark.Settings;
    names.add(name);
    // Who is somebody else has no role until the next SET ROLE.
    if (name === 'session_authorization') names.add('role');
  }
}
