import type { TopologySnapshot } from '@pgweir/pooler';
import type { RoleAvailability } from './rds-metrics';

interface Account {
  readonly entry: string;
  readonly role: RoleAvailability['role'];
  isUp: boolean;
  upMs: number;
}

/**
 * For what part of a period a server of each role was in service, by what health checks publish. Only for
 * entries whose roles are followed: of others nobody knows.
 */
export class AvailabilityBook {
  readonly #nowMs: () => number;
  readonly #accounts = new Map<string, Account>();
  #sinceMs: number;
  #beganMs: number;

  /** `nowMs`: monotonic milliseconds. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#sinceMs = nowMs();
    this.#beganMs = this.#sinceMs;
  }

  /** From now on it is so. */
  published({ servers, roles }: TopologySnapshot): void {
    this.#settle();
    const seen = new Set<string>();
    for (const [entry, { holding }] of roles) {
      const all = servers.get(entry) ?? [];
      const isThere = (role: string) =>
        all.some((server) => server.role === role && server.outOfService === undefined);
      seen.add(this.#note(entry, 'READ_WRITE', isThere('primary') && !holding));
      if (all.length > 1) seen.add(this.#note(entry, 'READ_ONLY', isThere('replica')));
    }
    for (const key of this.#accounts.keys()) if (!seen.has(key)) this.#accounts.delete(key);
  }

  /** Of the period that ends now; another one begins. */
  take(): readonly RoleAvailability[] {
    this.#settle();
    const wholeMs = Math.max(1, this.#sinceMs - this.#beganMs);
    this.#beganMs = this.#sinceMs;
    return [...this.#accounts.values()].map((account) => {
      const { entry, role, upMs } = account;
      account.upMs = 0;
      const percent = Math.min(100, Math.round((upMs / wholeMs) * 10_000) / 100);
      return { entry, role, percent };
    });
  }

  #settle(): void {
    const nowMs = this.#nowMs();
    for (const account of this.#accounts.values()) {
      if (account.isUp) account.upMs += nowMs - this.#sinceMs;
    }
    this.#sinceMs = nowMs;
  }

  #note(entry: string, role: Account['role'], isUp: boolean): string {
    const key = `${entry} ${role}`;
    const account = this.#accounts.get(key);
    if (account === undefined) this.#accounts.set(key, { entry, role, isUp, upMs: 0 });
    else account.isUp = isUp;
    return key;
  }
}
