import type { Link } from '../backend/link';
import type { ListeningLink } from '../listen/listening-link';
import { type DatabaseName, databaseName, type UserName } from '../ports/names';
import type { DatabaseReads } from '../routing/database-reads';
import type { DatabaseSettings, PoolerSettings } from '../settings/settings';
import { DatabaseCounters } from '../stats/counters';
import { type ClientLimits, clientLimits } from './pool-limits';

/** Users whose limits are kept; all are forgotten when there are more. */
const LIMITS_MAX = 1000;

/** One database that clients can ask for, at run time. */
export class Database {
  readonly name: DatabaseName;
  settings: DatabaseSettings;
  /** Came into being through the `*` entry. */
  automatic: boolean;
  /** Sessions that asked for it and have passed authentication. */
  clients = 0;
  /** Which host of the list the next dial takes. */
  nextHost = 0;
  /** Places in the list of hosts that could not be reached, since one could or all have been tried. */
  readonly unreachedHosts = new Set<number>();
  usedAtMs = 0;
  readonly counters = new DatabaseCounters();
  /** The links that have logged in, by their server processes. */
  readonly backends = new Map<number, Link>();
  /** Which statements are proven reads; made when somebody wants to know. */
  reads: DatabaseReads | undefined;
  /** Listens for the sessions; made when the first one does. */
  listening: ListeningLink | undefined;
  readonly #limits = new Map<UserName, ClientLimits>();
  /** A reload makes new settings. */
  #limitsFor: PoolerSettings | undefined;

  constructor(name: DatabaseName, settings: DatabaseSettings, automatic: boolean) {
    this.name = name;
    this.settings = settings;
    this.automatic = automatic;
  }

  /** A link has logged in. */
  backendBegan(link: Link): void {
    const processId = link.identity?.processId;
    if (processId !== undefined) this.backends.set(processId, link);
  }

  /** It is on its way out. */
  backendEnds(link: Link): void {
    const processId = link.identity?.processId ?? 0;
    if (this.backends.get(processId) === link) this.backends.delete(processId);
  }

  /** Clients of one user share the object, since most have the same limits. */
  limitsOf(user: UserName, settings: PoolerSettings): ClientLimits {
    if (this.#limitsFor !== settings || this.#limits.size >= LIMITS_MAX) {
      this.#limits.clear();
      this.#limitsFor = settings;
    }
    const known = this.#limits.get(user);
    if (known !== undefined) return known;
    const limits = clientLimits(settings, this.settings, user);
    this.#limits.set(user, limits);
    return limits;
  }

  /** The roles of its servers are followed, and its sessions survive the loss of a link. */
  get followsRoles(): boolean {
    return this.settings.targetSessionAttrs !== undefined;
  }

  /** The name on the server. */
  get serverName(): DatabaseName {
    return this.settings.dbname === undefined ? this.name : databaseName(this.settings.dbname);
  }
}
