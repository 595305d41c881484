import type { NoticeFields } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { preparationSql } from '../session-state/preparation';
import { cleanSlateSql, EMPTY_PROFILE } from '../session-state/profile';
import type { OwnLease } from './own-lease';
import type { Pool } from './pool';

/**
 * Brings a link that a part of ours has borrowed to what a fresh one is: nothing that a client has said is
 * in force there. `done` is called once, maybe at once; with PostgreSQL's error the link is of no use.
 */
export function makeBlank(
  link: Link,
  { pool, lease }: { readonly pool: Pool; readonly lease: OwnLease },
  done: (error?: NoticeFields) => void,
): void {
  // Where nobody looks at what clients do, they may have left anything: a search_path, say.
  const cleans = pool.mode === 'session' || pool.limits.sessionState === 'leak';
  const sql = cleans
    ? cleanSlateSql(EMPTY_PROFILE, link.connectQuery)
    : preparationSql(link, lease.id, EMPTY_PROFILE);
  if (sql === undefined) {
    done();
    return;
  }
  const forgets = cleans || link.changedBy !== 0;
  link.runOwn(sql, (result) => {
    link.deadlineMs = 0;
    if (result.kind === 'failed') {
      done(result.error);
      return;
    }
    link.profile = EMPTY_PROFILE;
    link.changedBy = 0;
    link.wasReset = false;
    // What was prepared on the link is gone.
    if (forgets) link.statements.clear();
    done();
  });
}
