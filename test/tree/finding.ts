/** One breach of a rule: where, and what is wrong. */
export type Finding = string;

export function finding(path: string, line: number, what: string): Finding {
  return `${path}:${line} ${what}`;
}
