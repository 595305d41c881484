import type { Database } from '../pool/database';
import type { Pool } from '../pool/pool';
import type { Clock } from '../ports/clock';
import type { SqlKnowledge } from '../sql/classify';
import { CatalogKnowledge } from './catalog-knowledge';
import { PoolQuestions } from './pool-questions';
import { ReadJudge } from './read-judge';

interface DatabaseReadsNeeds {
  readonly clock: Clock;
  readonly stateKnowledge: { readonly sql: SqlKnowledge };
  readonly pools: ReadonlyMap<unknown, Pool>;
  soon(run: () => void): void;
}

/** Which statements of one database are proven reads, and what its catalog says about that. */
export class DatabaseReads {
  readonly judge: ReadJudge;
  readonly knowledge: CatalogKnowledge;

  constructor(needs: DatabaseReadsNeeds, database: Database) {
    const { clock, pools, stateKnowledge } = needs;
    const soon = (run: () => void): void => needs.soon(run);
    const questions = new PoolQuestions({ clock, soon, pool: () => poolOf(database, pools) });
    this.knowledge = new CatalogKnowledge({ questions, clock });
    this.judge = new ReadJudge({
      grammar: stateKnowledge.sql.grammar,
      knowledge: this.knowledge,
      clock,
    });
  }
}

/** One that has a link, if any has. Replicas have not heard yet of what has just been changed. */
function poolOf(database: Database, pools: ReadonlyMap<unknown, Pool>): Pool | undefined {
  let any: Pool | undefined;
  for (const pool of pools.values()) {
    if (pool.databaseState !== database || pool.replica !== undefined) continue;
    if (pool.hasLiveLink()) return pool;
    any = pool;
  }
  return any;
}
