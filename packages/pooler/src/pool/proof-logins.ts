import { errorFields } from '../errors';
import type { PoolerContext } from '../pooler-context';
import type { GiveUp } from '../ports/client-verifier';
import { type DatabaseName, type PoolKey, poolKey, type UserName } from '../ports/names';
import type { ProofLogins, ProofResult, ProofWanted } from '../ports/proof-logins';
import type { Database } from './database';
import type { Pool } from './pool';
import { clientLimits } from './pool-limits';
import { ProofWaiter } from './proof-waiter';

interface ProofContext extends PoolerContext {
  readonly databases: ReadonlyMap<DatabaseName, Database>;
  readonly pools: ReadonlyMap<PoolKey, Pool>;
  database(name: DatabaseName): Database | undefined;
  pool(database: Database, user: UserName): Pool;
}

/** Databases and pools that exist for proofs alone, until one has succeeded. */
const UNPROVEN_MAX = 1000;

/** Puts passwords that are to be proven into the queues of their pools. */
export class PoolProofs implements ProofLogins {
  readonly #context: ProofContext;
  /** Made for a proof: nobody has got in before. */
  readonly #made = new Set<Pool>();

  constructor(context: ProofContext) {
    this.#context = context;
  }

  /** The pool is there because somebody wanted something proven: maybe all that is of it is a name. */
  hasMade(pool: Pool): boolean {
    return this.#made.has(pool);
  }

  prove(wanted: ProofWanted, done: (result: ProofResult) => void): GiveUp {
    const found = this.#pool(wanted);
    if (typeof found === 'string') {
      const error = errorFields(found, wanted.database);
      const refused = new ProofWaiter(wanted, NO_LIMITS, done);
      this.#context.clock.after(0, () => refused.failed(error));
      return () => refused.giveUp();
    }
    const { clock, settings } = this.#context;
    const { queryWaitTimeoutMs } = clientLimits(
      settings,
      found.databaseState.settings,
      wanted.user,
    );
    const waiter = new ProofWaiter(
      wanted,
      { waitingSinceMs: clock.nowMs(), queryWaitTimeoutMs },
      done,
    );
    found.proofWaiters.push(waiter);
    // Not within this call, as it may fail at once.
    this.#context.soon(() => found.supply.fill());
    return () => {
      if (waiter.queue !== found.proofWaiters) {
        waiter.isUnwanted = true;
        return;
      }
      found.proofWaiters.remove(waiter);
      found.supply.withdrawSurplus();
      waiter.giveUp();
    };
  }

  #pool({
    database: name,
    user,
  }: ProofWanted): Pool | 'shuttingDown' | 'noSuchDatabase' | 'tooManyProofs' {
    const { databases, pools, opensLinks } = this.#context;
    if (!opensLinks) return 'shuttingDown';
    const known = pools.get(poolKey(name, user));
    if (known !== undefined) return known;
    this.#forgetUsed();
    if (this.#made.size >= UNPROVEN_MAX) return 'tooManyProofs';
    const database = databases.get(name) ?? this.#context.database(name);
    if (database === undefined) return 'noSuchDatabase';
    const pool = this.#context.pool(database, user);
    this.#made.add(pool);
    return pool;
  }

  /** Those that have worked are as any others, and those that have not are forgotten after a while. */
  #forgetUsed(): void {
    const { pools } = this.#context;
    for (const pool of this.#made) {
      const isUsed = pool.welcomes.reported !== undefined;
      if (isUsed || pools.get(pool.key) !== pool) this.#made.delete(pool);
    }
  }
}

const NO_LIMITS = { waitingSinceMs: 0, queryWaitTimeoutMs: 0 };
