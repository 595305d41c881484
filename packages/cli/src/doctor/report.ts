import { printable } from '../terminal/printable';
import type { Diagnosis, Verdict } from './findings';

const ORDER: readonly Verdict[] = ['problem', 'warning', 'note', 'ok'];

/** The worst first; otherwise in the order in which things are looked at. */
export function sorted(diagnoses: readonly Diagnosis[]): readonly Diagnosis[] {
  return ORDER.flatMap((verdict) => diagnoses.filter((one) => one.verdict === verdict));
}

/** For people. What comes from servers cannot do anything to a terminal. */
export function textReport(diagnoses: readonly Diagnosis[]): string {
  const lines = sorted(diagnoses).flatMap(({ verdict, name, subject, message, advice }) => [
    printable(`${verdict.padEnd(7)}  ${subject}: ${message} [${name}]`),
    ...(advice === undefined ? [] : [printable(`         -> ${advice}`)]),
  ]);
  const counts = ORDER.map((verdict) => counted(diagnoses, verdict)).join(', ');
  return `${[...lines, counts].join('\n')}\n`;
}

/** For programs: one object. */
export function jsonReport(diagnoses: readonly Diagnosis[]): string {
  const counts = Object.fromEntries(ORDER.map((verdict) => [verdict, count(diagnoses, verdict)]));
  return `${JSON.stringify({ counts, diagnoses: sorted(diagnoses) }, undefined, 2)}\n`;
}

/** 1: there is a problem. */
export function exitCode(diagnoses: readonly Diagnosis[]): number {
  return count(diagnoses, 'problem') > 0 ? 1 : 0;
}

function counted(diagnoses: readonly Diagnosis[], verdict: Verdict): string {
  const number = count(diagnoses, verdict);
  return `${number} ${verdict}${number === 1 || verdict === 'ok' ? '' : 's'}`;
}

function count(diagnoses: readonly Diagnosis[], verdict: Verdict): number {
  return diagnoses.filter((one) => one.verdict === verdict).length;
}
