import type { ServerPasswords } from '@pgweir/pooler';

/** Asks one after the other: the first whose business a login is has the say. */
export function firstThatKnows(...sources: readonly ServerPasswords[]): ServerPasswords {
  return {
    begin: (login, answer) => {
      for (const source of sources) {
        const trial = source.begin(login, answer);
        if (trial !== undefined) return trial;
      }
      return undefined;
    },
    lacks: (login) => sources.some((source) => source.lacks?.(login) === true),
  };
}
