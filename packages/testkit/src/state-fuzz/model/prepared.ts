import type { Random } from '../../random';
import type { Statement } from '../statement';
import type { SessionModel } from './session-model';
import { offsetOf } from './setting-kinds';

/** What parse analysis took from the settings. Several where nobody can tell when it last ran. */
export interface Reading {
  /** Seconds east of UTC. */
  readonly zones: ReadonlySet<number>;
  readonly orders: ReadonlySet<string>;
  readonly standardStrings: ReadonlySet<boolean>;
}

/** A text that many sessions prepare, each with a meaning of its own. */
export interface Template {
  readonly id: string;
  readonly sql: string;
  readonly returnsRows: boolean;
  readonly exits?: boolean;
  /** For each bind parameter. */
  values(random: Random, model: SessionModel): readonly string[];
  /** SQLSTATE of parse analysis. */
  parseError?(model: SessionModel): string | undefined;
  /** @param read asked once, when the statement runs */
  run(values: readonly string[], read: (model: SessionModel) => Reading): Statement;
}

export function dateOrder(model: SessionModel): string {
  return model.shown('DateStyle').endsWith('DMY') ? 'DMY' : 'MDY';
}

export function readNow(model: SessionModel): Reading {
  return {
    zones: new Set([model.zoneOffset]),
    orders: new Set([dateOrder(model)]),
    standardStrings: new Set([model.standardStrings]),
  };
}

/** All zones that the session's texts name, for when nobody can tell which was in force. */
export function zonesEver(names: Iterable<string>): ReadonlySet<number> {
  return new Set([...names].map(offsetOf));
}

/** What the templates' texts are read under. */
const READ_SETTINGS = ['standard_conforming_strings', 'TimeZone', 'DateStyle'];
const EITHER: ReadonlySet<boolean> = new Set([true, false]);

/** A prepared statement of one session. */
export class Prepared {
  readonly template: Template;
  readonly viaSql: boolean;
  #reading: Reading;
  #schemas: string;
  #planEvents: number;
  #isLoose = false;
  /**
   * It was prepared in a transaction that had changed what parse analysis reads: if that is undone, a
   * pooler does not know under which settings it has to prepare it once more.
   */
  readonly #isUncertain: boolean;

  constructor(template: Template, model: SessionModel, options: { readonly viaSql: boolean }) {
    this.template = template;
    this.viaSql = options.viaSql;
    this.#reading = readNow(model);
    this.#schemas = model.schemas.join();
    this.#planEvents = model.planEvents;
    this.#isUncertain =
      !model.world.options.isDirect &&
      READ_SETTINGS.some((name) => model.hasChangedInTransaction(name));
  }

  /**
   * Constants are read at Parse, and again when PostgreSQL has thrown the plan away: surely when
   * search_path leads elsewhere, perhaps when temporary objects or DISCARD PLANS came between, also
   * those of other sessions if there are many.
   */
  readonly read = (model: SessionModel): Reading => {
    const schemas = model.schemas.join();
    if (schemas !== this.#schemas) {
      this.#schemas = schemas;
      const { standardStrings } = this.#reading;
      this.#reading = { ...readNow(model), standardStrings };
      // A pooler may have prepared it anew before or after that.
      if (!model.world.options.isDirect) this.#isLoose = true;
    }
    const { without } = model.world.options;
    if (!without.has('temp-create')) this.#isLoose = true;
    if (model.planEvents !== this.#planEvents) this.#isLoose = true;
    // In a group that begins in a failed transaction nothing can be prepared under other settings.
    const isUncertain = this.#isUncertain || (model.beganFailed && !model.world.options.isDirect);
    if (!this.#isLoose && !isUncertain) return this.#reading;
    const standardStrings = isUncertain ? EITHER : this.#reading.standardStrings;
    const orders = new Set(['DMY', 'MDY']);
    return { zones: zonesEver(model.zonesEver), orders, standardStrings };
  };
}

/** Prepared statements by name; those of SQL and of the protocol share their names. */
export class PreparedShelf {
  readonly #byName = new Map<string, Prepared>();
  /** 'other': one that is of no use to anybody. */
  unnamed: Prepared | 'other' | undefined;

  get hasSql(): boolean {
    return [...this.#byName.values()].some(({ viaSql }) => viaSql);
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()].sort();
  }

  get(name: string): Prepared | undefined {
    if (name !== '') return this.#byName.get(name);
    return this.unnamed === 'other' ? undefined : this.unnamed;
  }

  put(name: string, prepared: Prepared): void {
    if (name === '') this.unnamed = prepared;
    else this.#byName.set(name, prepared);
  }

  remove(name: string): void {
    if (name === '') this.unnamed = undefined;
    else this.#byName.delete(name);
  }

  removeAll(): void {
    this.#byName.clear();
  }
}
