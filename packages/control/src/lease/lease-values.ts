import type { Choice } from '../ports/promoter-lease';

const HOLDER_CHARS_MAX = 200;

/** Who has a lease, from the text that others have left there. */
export function readHolder(text: string): string {
  const holder = fieldsOf(text)?.holder;
  if (typeof holder !== 'string') return 'somebody who does not say who he is';
  return holder.replace(/\p{Cc}/gu, ' ').slice(0, HOLDER_CHARS_MAX);
}

/** @returns undefined: it is none */
export function readChoice(text: string): Choice | undefined {
  const fields = fieldsOf(text);
  if (fields === undefined) return undefined;
  const { systemIdentifier, timeline, target } = fields;
  if (typeof systemIdentifier !== 'string' || typeof target !== 'string') return undefined;
  if (typeof timeline !== 'number' || !Number.isSafeInteger(timeline)) return undefined;
  return { systemIdentifier, timeline, target };
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? { ...json } : undefined;
  } catch {
    return undefined;
  }
}
