import type { Random } from '../random';
import { bind, close, describe, execute, parse } from '../wire/frontend';
import { Prepared, type Template } from './model/prepared';
import type { SessionModel } from './model/session-model';
import { done, failed, type Row, type Wanted } from './outcome';
import type { Statement } from './statement';

/** What goes out before the next Sync, or as one simple query. */
export type Group =
  | { readonly kind: 'simple'; readonly statements: readonly Statement[] }
  | { readonly kind: 'extended'; readonly steps: readonly Step[] };

/** One request of the extended protocol, which fails or succeeds as a whole. */
export interface Step {
  readonly name: string;
  /** For the history. */
  readonly text: string;
  readonly frames: Buffer;
  /** Whether rows and CommandComplete follow. */
  readonly completes: boolean;
  readonly statement?: Statement;
  /** Tags of the messages that come first. */
  leads(model: SessionModel): string;
  /** Happens whether it succeeds or not. */
  before?(model: SessionModel): void;
  expect(model: SessionModel): readonly Wanted[];
  apply?(model: SessionModel, rows: readonly Row[]): void;
  failed?(model: SessionModel, code: string): void;
}

const ABORTED = '25P02';
const NOTHING = done('');

/** What a statement has to answer, failed transactions included. */
export function expectedOf(model: SessionModel, statement: Statement): readonly Wanted[] {
  if (statement.isUnreadable !== true && model.status === 'E' && statement.exits !== true) {
    return [failed(ABORTED)];
  }
  return statement.expect(model);
}

/** Parse, Bind, Describe and Execute of the unnamed statement. */
export function runStep(statement: Statement): Step {
  const { name, sql, label = sql, values = [], returnsRows } = statement;
  return {
    name,
    text: `run ${label}${values.length === 0 ? '' : ` <- ${values.join(', ')}`}`,
    frames: Buffer.concat([parse(sql), bind({ values }), describe('P'), execute()]),
    completes: true,
    statement,
    leads: () => (returnsRows ? '12T' : '12n'),
    before: (model) => {
      model.prepared.unnamed = 'other';
    },
    expect: (model) => expectedOf(model, statement),
    apply: (model, rows) => statement.apply?.(model, rows),
    failed: (model, code) => statement.failed?.(model, code),
  };
}

/** @param name '' for the unnamed one */
export function parseStep(name: string, template: Template): Step {
  return {
    name: name === '' ? 'parse-unnamed' : 'parse',
    text: `Parse '${name}' ${template.sql}`,
    frames: parse(template.sql, name),
    completes: false,
    leads: () => '1',
    before: (model) => {
      if (name === '') model.prepared.unnamed = undefined;
    },
    expect: (model) => {
      if (model.status === 'E' && template.exits !== true) return [failed(ABORTED)];
      const code = template.parseError?.(model);
      if (code !== undefined) return [failed(code)];
      return [model.prepared.get(name) === undefined ? NOTHING : failed('42P05')];
    },
    apply: (model) => model.prepared.put(name, new Prepared(template, model, { viaSql: false })),
  };
}

/** Bind, Describe and Execute of what `name` stands for by then. */
export function bindStep(
  name: string,
  template: Template,
  random: Random,
  generating: SessionModel,
): Step {
  const values = template.values(random, generating);
  const statementOf = (model: SessionModel): Statement | undefined => {
    const prepared = model.prepared.get(name);
    return prepared?.template.run(values, prepared.read);
  };
  return {
    name: name === '' ? 'bind-unnamed' : 'bind',
    text: `Bind '${name}' <- ${values.join(', ')}`,
    frames: Buffer.concat([bind({ statement: name, values }), describe('P'), execute()]),
    completes: true,
    leads: (model) => (model.prepared.get(name)?.template.returnsRows === false ? '2n' : '2T'),
    expect: (model) => {
      const statement = statementOf(model);
      return statement === undefined ? [failed('26000')] : expectedOf(model, statement);
    },
    apply: (model, rows) => statementOf(model)?.apply?.(model, rows),
  };
}

export function describeStep(name: string): Step {
  return {
    name: 'describe',
    text: `Describe '${name}'`,
    frames: describe('S', name),
    completes: false,
    leads: (model) => (model.prepared.get(name)?.template.returnsRows === false ? 'tn' : 'tT'),
    expect: (model) => {
      const prepared = model.prepared.get(name);
      if (prepared === undefined) return [failed('26000')];
      const { template } = prepared;
      if (!template.returnsRows) return [NOTHING];
      if (model.status === 'E') return [failed(ABORTED)];
      prepared.read(model);
      const code = template.parseError?.(model);
      return [code === undefined ? NOTHING : failed(code)];
    },
  };
}

export function closeStep(name: string): Step {
  return {
    name: 'close',
    text: `Close '${name}'`,
    frames: close('S', name),
    completes: false,
    leads: () => '3',
    expect: () => [NOTHING],
    apply: (model) => model.prepared.remove(name),
  };
}
