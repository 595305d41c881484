import type { Column, Row } from './table';

/** What came of a command. */
export type Outcome =
  | { readonly kind: 'rows'; readonly columns: readonly Column[]; readonly rows: readonly Row[] }
  | { readonly kind: 'done'; readonly tag: string; readonly notice?: Notice }
  | { readonly kind: 'refused'; readonly message: string; readonly code: string };

export interface Notice {
  readonly message: string;
  readonly detail?: string;
}

export function done(tag: string, notice?: Notice): Outcome {
  return { kind: 'done', tag, ...(notice === undefined ? {} : { notice }) };
}

/** PgBouncer says `08P01` to everything, which is a right code for a command that makes no sense. */
export function refused(message: string, code = '08P01'): Outcome {
  return { kind: 'refused', message, code };
}
