import { isNode } from '../sql/grammar';
import type { CatalogName } from './catalog-names';

/** What the catalog says of a name: no read, a read about the server, a read that any server answers. */
export type Standing = 'other' | 'local' | 'read';

/** What the catalog says of the names in one question. */
export interface CatalogAnswer {
  /** In the order of the names. */
  readonly standings: readonly Standing[];
  /** Why nothing is proven in the database. */
  readonly oddity: string | undefined;
}

const RANKS: readonly Standing[] = ['other', 'local', 'read'];

/** Reads the row that answers `catalogQuestion(names)`; undefined when it is none. */
export function readCatalogAnswer(
  names: readonly CatalogName[],
  row: readonly (string | null)[],
): CatalogAnswer | undefined {
  const [json] = row;
  const answer = typeof json === 'string' ? parsed(json) : undefined;
  if (!isNode(answer) || !Array.isArray(answer.found)) return undefined;
  const oddity = typeof answer.oddity === 'string' ? answer.oddity : undefined;
  const standings = names.map((name) => standingOfUnknown(name, oddity));
  for (const pair of answer.found) {
    const [index, rank]: unknown[] = Array.isArray(pair) ? pair : [];
    const standing = typeof rank === 'number' ? RANKS[rank] : undefined;
    if (typeof index !== 'number' || !(index in standings) || standing === undefined) {
      return undefined;
    }
    standings[index] = standing;
  }
  return { standings, oddity };
}

/**
 * A function or relation that nobody finds is something else than it seems. But most operators, types and
 * columns have nothing about them that would have to be found.
 */
function standingOfUnknown({ kind }: CatalogName, oddity: string | undefined): Standing {
  switch (kind) {
    case 'function':
    case 'relation':
      return 'other';
    case 'database':
      return oddity === undefined ? 'read' : 'other';
    default:
      return 'read';
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
