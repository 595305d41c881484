import type { Dialer } from './backend/dialer';
import type { Link } from './backend/link';
import type { Orders } from './orders';
import type { Pool } from './pool/pool';
import type { Clock } from './ports/clock';
import type { LinkBudget, Permit } from './ports/link-budget';
import type { Logger } from './ports/logger';
import type { TopologySource } from './ports/topology-source';
import type { WelcomeExchange } from './ports/welcome-exchange';
import type { PoolerSettings } from './settings/settings';

/** What a pool needs of the pooler around it. */
export interface PoolerContext {
  /** Today's settings: a reload replaces the object. */
  readonly settings: PoolerSettings;
  readonly clock: Clock;
  readonly log: Logger;
  readonly budget: LinkBudget;
  readonly dialer: Dialer;
  readonly topology: TopologySource;
  /** Undefined: nobody else has pools. */
  readonly sharedWelcomes: WelcomeExchange | undefined;
  newLink(pool: Pool, permit: Permit): Link;
  /** What an operator holds back. */
  readonly orders: Orders;
  /** False while draining: no new links then. */
  readonly opensLinks: boolean;
  /** Why a link that has just become free must be closed instead, if it must. */
  reasonToRetire(pool: Pool, link: Link): string | undefined;
  linkClosing(pool: Pool, link: Link): void;
  cancelLink(pool: Pool, link: Link): void;
  /** Runs after the current call stack. */
  soon(run: () => void): void;
}
