import type { SqlKnowledge } from '../sql/classify';
import { StatementRegistry } from './shared-statement';

/** What all sessions of a process know together. */
export class StateKnowledge {
  readonly sql: SqlKnowledge;
  readonly statements: StatementRegistry;

  constructor(sql: SqlKnowledge) {
    this.sql = sql;
    this.statements = new StatementRegistry(sql);
  }
}
