import type { Random } from '../random';
import { readNow } from './model/prepared';
import type { SessionModel } from './model/session-model';
import type { Maker, Statement } from './statement';
import * as cursors from './statements/cursors';
import * as listening from './statements/listening';
import * as locks from './statements/locks';
import * as others from './statements/others';
import * as sequences from './statements/sequences';
import * as settings from './statements/settings';
import * as prepared from './statements/sql-prepared';
import { PLAIN_TEMPLATES, UTILITIES, VALUE_TEMPLATES } from './statements/templates';
import * as temps from './statements/temps';
import * as transactions from './statements/transactions';
import {
  bindStep,
  closeStep,
  describeStep,
  type Group,
  parseStep,
  runStep,
  type Step,
} from './step';

/** A template's text by itself. */
const fresh: Maker = (model, random) => {
  const template = random.pick(random.chance(0.7) ? PLAIN_TEMPLATES : VALUE_TEMPLATES);
  return template.run(template.values(random, model), readNow);
};

/** How often, of all. */
const MAKERS: readonly (readonly [weight: number, maker: Maker])[] = [
  [14, settings.set],
  [5, settings.setLocal],
  [6, settings.setConfig],
  [0.2, settings.setHidden],
  [2, settings.setInDo],
  [4, settings.reset],
  [1.5, settings.resetAll],
  [2.5, settings.setRole],
  [3, settings.resetRole],
  [8, settings.show],
  [5, settings.showMany],
  [10, fresh],
  [6, others.ask],
  [4, others.failing],
  [1, others.unreadable],
  [1, others.discardAll],
  [0.5, others.discardTemp],
  [0.5, others.discardPlans],
  [0.1, others.setSeed],
  [1, others.drawRandom],
  [5, transactions.begin],
  [0.5, transactions.commit],
  [0.5, transactions.rollback],
  [2, temps.createTemp],
  [3, temps.insertTemp],
  [4, temps.readTemp],
  [2, temps.dropTemp],
  [3, locks.tryLock],
  [3, locks.tryXactLock],
  [0.3, locks.waitForLock],
  [3, locks.unlock],
  [1, locks.unlockAll],
  [1.5, locks.countLocks],
  [1.5, cursors.declareHeld],
  [1.5, cursors.declarePlain],
  [3, cursors.fetch],
  [1.5, cursors.closeCursor],
  [0.5, cursors.closeCursors],
  [1, cursors.listCursors],
  [0.6, sequences.nextval],
  [1, sequences.currval],
  [0.6, sequences.lastval],
  [0.5, sequences.discardSequences],
  [2, listening.listen],
  [1.5, listening.unlisten],
  [0.5, listening.unlistenAll],
  [4, listening.notify],
  [1, listening.listChannels],
  [1, prepared.prepare],
  [3, prepared.executePrepared],
  [1.5, prepared.deallocate],
  [0.5, prepared.deallocateAll],
  [1, prepared.listPrepared],
];

/** In a transaction. */
const WITHIN: readonly (readonly [weight: number, maker: Maker])[] = [
  [5, transactions.savepoint],
  [3, transactions.release],
  [5, transactions.rollbackTo],
  [10, transactions.commit],
  [5, transactions.rollback],
];

const FAILED_MAKERS: readonly (readonly [weight: number, maker: Maker])[] = [
  [30, transactions.rollbackTo],
  [30, transactions.rollback],
  [20, transactions.commit],
];
/** How often the transaction's state decides what comes next. */
const TRANSACTION_CHANCE = 0.2;
const FAILED_CHANCE = 0.7;
const ATTEMPTS = 20;

export interface GeneratorOptions {
  readonly random: Random;
  /** Whether the session may do what ties it to a link. */
  readonly mayPin: () => boolean;
}

export class Generator {
  readonly #model: SessionModel;
  readonly #random: Random;
  readonly #mayPin: () => boolean;

  constructor(model: SessionModel, { random, mayPin }: GeneratorOptions) {
    this.#model = model;
    this.#random = random;
    this.#mayPin = mayPin;
  }

  /** Groups for one write. The state after the first is unknown while the next are made. */
  batch(): readonly Group[] {
    const first = this.#group(true);
    const groups: Group[] = [first];
    if (mayWait(first)) return groups;
    while (this.#random.chance(0.2) && groups.length < 4) {
      const next = this.#group(false);
      if (!mayWait(next)) groups.push(next);
    }
    return groups;
  }

  #group(isFirst: boolean): Group {
    const at = this.#random.next();
    if (at < 0.4) return { kind: 'simple', statements: [this.statement('alone')] };
    if (at < 0.5) {
      const count = this.#random.between(2, 5);
      const statements = Array.from({ length: count }, () => this.statement('together'));
      return { kind: 'simple', statements };
    }
    const [step] = [this.#step('alone', isFirst)];
    if (at < 0.75 || step.statement?.isAlone === true) return { kind: 'extended', steps: [step] };
    const more = this.#random.between(1, 5);
    const steps = Array.from({ length: more }, () => this.#step('together', false));
    return { kind: 'extended', steps: [step, ...steps] };
  }

  #step(place: 'alone' | 'together', isFirst: boolean): Step {
    if (!this.#random.chance(0.35)) return runStep(this.#bound(place));
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const step = this.#protocolStep(isFirst);
      if (step !== undefined && !this.#isUnwanted(step.name)) return step;
    }
    return runStep(this.#bound(place));
  }

  #protocolStep(isFirst: boolean): Step | undefined {
    const random = this.#random;
    const model = this.#model;
    const at = random.next();
    if (at < 0.25) {
      const { name, template } = random.chance(0.85)
        ? prepared.chooseTemplate(random)
        : { name: random.pick(['u0', 'u1']), template: random.pick(UTILITIES)(model, random) };
      // The unnamed one is parsed now and run later.
      return parseStep(random.chance(0.3) ? '' : name, template);
    }
    if (at < 0.65) {
      const names = [...model.prepared.names, 'n0', 'v0'];
      const name = random.pick(names);
      const template = model.prepared.get(name)?.template;
      const other = random.pick(name.startsWith('v') ? VALUE_TEMPLATES : PLAIN_TEMPLATES);
      return bindStep(name, template ?? other, random, model);
    }
    if (at < 0.8) {
      if (!isFirst || model.prepared.unnamed === 'other') return undefined;
      const template = model.prepared.unnamed?.template ?? random.pick(PLAIN_TEMPLATES);
      return bindStep('', template, random, model);
    }
    const name = prepared.chooseName(model, random);
    return at < 0.9 ? describeStep(name) : closeStep(name);
  }

  /** One that may have parameters. */
  #bound(place: 'alone' | 'together'): Statement {
    return this.statement(place, true);
  }

  statement(place: 'alone' | 'together', mayBind = false): Statement {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const statement = this.#maker()(this.#model, this.#random);
      if (statement === undefined || this.#isUnwanted(statement.name)) continue;
      if (statement.values !== undefined && !mayBind) continue;
      if (statement.isAlone === true && place === 'together') continue;
      if (statement.pins === true && !this.#mayPin()) continue;
      return statement;
    }
    const statement = others.ask(this.#model, this.#random);
    if (statement === undefined) throw new Error('there is always something to ask');
    return statement;
  }

  #maker(): Maker {
    const { status } = this.#model;
    const random = this.#random;
    if (status === 'E' && random.chance(FAILED_CHANCE)) return pick(FAILED_MAKERS, random);
    if (status === 'T' && random.chance(TRANSACTION_CHANCE)) return pick(WITHIN, random);
    return pick(MAKERS, random);
  }

  #isUnwanted(name: string): boolean {
    return this.#model.world.options.without.has(name);
  }
}

/** For a lock: then nothing else may be held, nor asked for. */
function mayWait(group: Group): boolean {
  const statements =
    group.kind === 'simple' ? group.statements : group.steps.map(({ statement }) => statement);
  return statements.some((statement) => statement?.name === 'lock-wait');
}

function pick(makers: readonly (readonly [number, Maker])[], random: Random): Maker {
  const sum = makers.reduce((so, [weight]) => so + weight, 0);
  let at = random.next() * sum;
  for (const [weight, maker] of makers) {
    at -= weight;
    if (at < 0) return maker;
  }
  throw new Error('weights do not add up');
}
