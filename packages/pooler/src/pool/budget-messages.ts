import type { CancelTarget } from '../ports/link-budget';
import type { DatabaseName } from '../ports/names';
import type { Address } from '../ports/transport';
import type { LimitName, LinkLimits } from './budget-account';

/** Goes up when a message changes its meaning: both ends drop messages of another version. */
export const BUDGET_VERSION = 4;

/** `CancelTarget` as it travels: plain data. */
export interface CancelTargetMessage {
  readonly address: Address;
  readonly hostName: string;
  readonly tls: boolean;
  readonly database: DatabaseName;
  readonly processId: number;
  /** Base64. */
  readonly key: string;
}

/** Says which holder of the sending or the receiving worker: numbered by the worker. */
type HolderId = number;

/** What a worker tells the supervisor. Plain data; the order within one channel is kept. */
export type BudgetFromWorker = { readonly version: number } & (
  | {
      /** A holder exists from now on. */
      readonly kind: 'budget-open';
      readonly holder: HolderId;
      readonly pool: string;
      readonly database: string;
      readonly user: string;
      /** Grants that it has had already, from a budget before this one. */
      readonly grants: number;
    }
  /** It has a link that a budget before this one has granted: its place is taken, whatever the limits. */
  | {
      readonly kind: 'budget-adopt';
      readonly holder: HolderId;
      readonly permit: number;
      /** Null: PostgreSQL has not let it in yet. */
      readonly target: CancelTargetMessage | null;
      /** Those that it counts at. */
      readonly servers: readonly string[];
    }
  /** It has left: it wants nothing any more. Permits stay until they are released. */
  | { readonly kind: 'budget-close'; readonly holder: HolderId }
  | {
      /** How many links it waits for in all, under which limits. Replaces what it said before. */
      readonly kind: 'budget-want';
      readonly holder: HolderId;
      readonly count: number;
      /** Grants that it had received when it sent this: later ones are not in `count` any more. */
      readonly grantsSeen: number;
      readonly limits: LinkLimits;
      readonly servers: readonly string[];
      readonly forMinimum: boolean;
    }
  /** There is a need, and it has a link that has been idle for so long. Once, until it is asked. */
  | { readonly kind: 'budget-idle'; readonly holder: HolderId; readonly idleMs: number }
  | {
      /** The answer to `budget-give-up`, and how long its next link has been idle. */
      readonly kind: 'budget-gave';
      readonly holder: HolderId;
      readonly gaveUp: boolean;
      readonly idleMs: number | null;
    }
  /** It is closing a link as `budget-yield` has asked it to. */
  | { readonly kind: 'budget-yielded'; readonly holder: HolderId }
  | {
      readonly kind: 'budget-established';
      readonly permit: number;
      readonly target: CancelTargetMessage;
    }
  /** This is the server that it leads to. */
  | { readonly kind: 'budget-leads'; readonly permit: number; readonly server: string }
  /** And this is the server's own `max_connections`. */
  | { readonly kind: 'budget-allows'; readonly permit: number; readonly maxConnections: number }
  /** PostgreSQL's side of the link is gone, or there never was one. */
  | { readonly kind: 'budget-release'; readonly permit: number }
);

/** What the supervisor tells a worker. */
export type BudgetToWorker = { readonly version: number } & (
  | { readonly kind: 'budget-grant'; readonly holder: HolderId; readonly permit: number }
  /** It wants something now, and all of it is blocked by this limit: told once until a grant. */
  | { readonly kind: 'budget-wait'; readonly holder: HolderId; readonly limit: LimitName }
  /** Somebody waits for a link under this limit (or no longer): who has an idle one says so. */
  | { readonly kind: 'budget-need'; readonly key: string; readonly standing: boolean }
  /** Close the longest-idle link if it has been idle for so long; answer with `budget-gave`. */
  | { readonly kind: 'budget-give-up'; readonly holder: HolderId; readonly idleMsMin: number }
  /** Close one link as soon as its lease ends; or do not, after all. No answer. */
  | { readonly kind: 'budget-yield'; readonly holder: HolderId }
  | { readonly kind: 'budget-keep'; readonly holder: HolderId }
);

/** A message without its version, which the sender puts on. */
export type Unversioned<T> = T extends unknown ? Omit<T, 'version'> : never;

/** Whether a message of a channel that carries others too belongs to the budget. */
export function isBudgetMessage(message: unknown): message is BudgetFromWorker | BudgetToWorker {
  return (
    typeof message === 'object' &&
    message !== null &&
    'kind' in message &&
    typeof message.kind === 'string' &&
    message.kind.startsWith('budget-') &&
    'version' in message &&
    message.version === BUDGET_VERSION
  );
}

export function toMessage(target: CancelTarget): CancelTargetMessage {
  return { ...target, key: target.key.toString('base64') };
}

export function fromMessage(target: CancelTargetMessage): CancelTarget {
  return { ...target, key: Buffer.from(target.key, 'base64') };
}
