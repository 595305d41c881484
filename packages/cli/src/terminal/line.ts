/** Of a terminal, in characters. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export type Look =
  | 'plain'
  | 'bold'
  | 'dim'
  | 'alert'
  | 'reverse'
  | 'application'
  | 'queue'
  | 'server';

/** A part of a line. */
export interface Span {
  readonly text: string;
  readonly look: Look;
}

export type Line = readonly Span[];
