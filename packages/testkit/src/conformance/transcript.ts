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
      Object.entries(each.instead).map(([step, lines]) => [Number(step), { each, lines }] as const),
    ),
  );
  const gone = direct.steps.find(({ step, lines }) => {
    const declared = instead.get(step);
    return declared !== undefined && sameLines(lines.map(inShort), declared.lines);
  });
  if (gone !== undefined)
    return {
      kind: 'different',
      detail: `    step ${gone.step} is declared as what it is directly`,
    };
  const isAsDirectly = new Set(
    direct.steps.flatMap(({ step, lines }, i) =>
      instead.get(step)?.each.dependsOnLink && sameLines(lines, through.steps[i]?.lines ?? [])
        ? [step]
        : [],
    ),
  );
  const declaredFor = (step: number): readonly string[] | undefined =>
    isAsDirectly.has(step) ? undefined : instead.get(step)?.lines;
  const expected = direct.steps.map((each) => ({
    ...each,
    lines: declaredFor(each.step) ?? each.lines,
  }));
  const got = through.steps.map((each) => {
    const isDeclared = declaredFor(each.step) !== undefined;
    return isDeclared ? { ...each, lines: each.lines.map(inShort) } : each;
  });
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
