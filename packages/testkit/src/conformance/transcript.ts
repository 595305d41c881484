import { firstDifference, inShort } from '../differential/transcript';
import type { KnownDifference } from './scenario';

/** What one step made a session see. */
export interface StepLines {
  /** 0: the logins before the first step; one more than there are steps: the end. */
  readonly step: number;
  readonly session: string;
  readonly lines: readonly string[];
}

export interface Transcript {
  readonly steps: readonly StepLines[];
  readonly end: { readonly kind: 'played' } | { readonly kind: 'stuck'; readonly why: string };
}

export type Comparison =
  | { readonly kind: 'equal' }
  | { readonly kind: 'known'; readonly reason: string }
  | { readonly kind: 'different'; readonly detail: string };

/** @param known all declarations that hold for this play */
export function compare(
  direct: Transcript,
  through: Transcript,
  known: readonly KnownDifference[],
): Comparison {
  const instead = new Map(
    known.flatMap((each) =>
      Object.entries(each.instead).map(([step, lines]) => [Number(step), lines] as const),
    ),
  );
  const gone = direct.steps.find(({ step, lines }) => {
    const declared = instead.get(step);
    return declared !== undefined && sameLines(lines.map(inShort), declared);
  });
  if (gone !== undefined)
    return {
      kind: 'different',
      detail: `    step ${gone.step} is declared as what it is directly`,
    };
  const expected = direct.steps.map((each) => {
    const declared = instead.get(each.step);
    return declared === undefined ? each : { ...each, lines: declared };
  });
  const got = through.steps.map((each) =>
    instead.has(each.step) ? { ...each, lines: each.lines.map(inShort) } : each,
  );
  const difference = firstDifference(textOf(expected), textOf(got));
  if (difference === undefined && through.end.kind === 'played') {
    if (known.length === 0) return { kind: 'equal' };
    return { kind: 'known', reason: known.map(({ reason }) => reason).join('; ') };
  }
  const why = through.end.kind === 'stuck' ? `\n    stuck: ${through.end.why}` : '';
  return { kind: 'different', detail: `${difference ?? ''}${why}` };
}

export function textOf(steps: readonly StepLines[]): string[] {
  return steps.flatMap(({ step, session, lines }) => [`-- step ${step} (${session})`, ...lines]);
}

function sameLines(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((line, i) => line === other[i]);
}
