import type { CatalogQuestions } from '../../src/routing/catalog-knowledge';

type Answer = (row: readonly (string | null)[] | undefined) => void;

/** Ranks of names: 0, no read; 1, about the server; 2, a read. */
export type Ranks = Readonly<Record<string, number>>;

interface Asked {
  /** The names in the order of the question. */
  readonly names: readonly string[];
  readonly answer: Answer;
}

/** Questions to the catalog that a test answers by hand. */
export class HandQuestions implements CatalogQuestions {
  readonly asked: Asked[] = [];
  /** When it is there, answers come at once. */
  ranks: Ranks | undefined;

  ask(sql: string, answer: Answer): void {
    const asked = { names: namesIn(sql), answer };
    this.asked.push(asked);
    if (this.ranks !== undefined) this.#reply(asked, this.ranks, null);
  }

  /** The names of the last question, sorted. */
  get last(): readonly string[] {
    return [...(this.asked.at(-1)?.names ?? [])].sort();
  }

  /** Answers question number `index`; what is not in `ranks` is not found. */
  reply(index: number, ranks: Ranks, oddity: string | null = null): void {
    const asked = this.asked[index];
    if (asked === undefined) throw new Error(`nobody has asked question ${index}`);
    this.#reply(asked, ranks, oddity);
  }

  #reply({ names, answer }: Asked, ranks: Ranks, oddity: string | null): void {
    const found = names.flatMap((name, index) => {
      const rank = ranks[name];
      return rank === undefined ? [] : [[index, rank]];
    });
    answer([JSON.stringify({ found, oddity })]);
  }
}

/** Names of the database itself are empty. */
function namesIn(sql: string): readonly string[] {
  const values = /AS \(VALUES (.*?)\),\n/s.exec(sql)?.[1] ?? '';
  return [...values.matchAll(/\(\d+,'\w+',(?:NULL|E'(\w+)')::name,E'([^']*)'::name\)/g)].map(
    ([, schema, name = '']) => (schema === undefined ? name : `${schema}.${name}`),
  );
}
