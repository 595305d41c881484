import type { Link } from '../backend/link';
import type { PoolerContext } from '../pooler-context';
import type { DatabaseName } from '../ports/names';
import type { ServerEndpoint } from '../ports/topology-source';
import { fitnessOf, fitServers, type LinkOrigin, type RoleQuestion } from '../topology/fit-servers';
import { FALLBACK_SERVERS } from '../topology/static-topology';
import type { Database } from './database';

/** How long work waits for a server to take over, where the configuration does not say. */
export const HOLD_TIMEOUT_MS = 30_000;

const NO_SERVERS: readonly ServerEndpoint[] = [];

/** The servers of one pool: which of them it may use, and whether its clients wait for one. */
export class FollowedServers {
  /** Nobody gets a link: there is no server now, and one is expected. */
  held = false;
  /** Since when links are wanted and none could be opened; 0: the last attempt worked. */
  heldSinceMs = 0;
  /** When a link last ended by itself: those that are idle since before that may be dead, too. */
  lostAtMs = 0;
  /** What was known when it was last looked at. */
  #seen = '';
  readonly #context: Pick<PoolerContext, 'clock' | 'topology'>;
  readonly #database: Database;

  constructor(context: Pick<PoolerContext, 'clock' | 'topology'>, database: Database) {
    this.#context = context;
    this.#database = database;
    this.look();
  }

  get isOn(): boolean {
    return this.#database.followsRoles;
  }

  get #all(): readonly ServerEndpoint[] {
    return this.#context.topology.current.servers.get(this.entry) ?? NO_SERVERS;
  }

  /** The name of the entry of the configuration that says which they are. */
  get entry(): DatabaseName {
    return this.#database.automatic ? FALLBACK_SERVERS : this.#database.name;
  }

  get #question(): RoleQuestion | undefined {
    const wanted = this.#database.settings.targetSessionAttrs;
    if (wanted === undefined) return undefined;
    const roles = this.#context.topology.current.roles.get(this.entry);
    return { wanted, servers: this.#all, roles };
  }

  /** Those that a link may be opened to. */
  get candidates(): readonly ServerEndpoint[] {
    const question = this.#question;
    if (question === undefined) return this.#all;
    const answer = fitServers(question);
    return answer.kind === 'go' ? answer.servers : NO_SERVERS;
  }

  /** Where a link to `server` leads; undefined: nobody asks. */
  originOf({ host, port, role }: ServerEndpoint): LinkOrigin | undefined {
    const question = this.#question;
    if (question === undefined) return undefined;
    return { host, port, role, epoch: question.roles?.epoch ?? 0 };
  }

  /** Another server may take the place of one that cannot be reached: that is worth waiting for. */
  get mayFailOver(): boolean {
    return this.isOn && this.#all.length > 1;
  }

  /**
   * Looks at what is known now.
   *
   * @returns `none`: there is no server of the role that is wanted, and nothing to wait for
   */
  look(): 'go' | 'hold' | 'none' {
    const question = this.#question;
    const kind = question === undefined ? 'go' : fitServers(question).kind;
    this.held = kind === 'hold';
    return kind;
  }

  /** Links are wanted, and none can be opened now. */
  waits(): void {
    if (this.heldSinceMs === 0) this.heldSinceMs = this.#context.clock.nowMs();
  }

  /** A link has been opened. */
  reached(): void {
    this.heldSinceMs = 0;
  }

  /** Takes note of what is known now. @returns whether that is something new for this pool */
  takeChange(): boolean {
    const question = this.#question;
    const now = question === undefined ? '' : JSON.stringify(question);
    if (now === this.#seen) return false;
    this.#seen = now;
    return true;
  }

  /** Whether a link leads to a server that is not used any more. */
  fitness({ origin }: Link): ReturnType<typeof fitnessOf> {
    const question = this.#question;
    if (question === undefined || origin === undefined) return 'fit';
    return fitnessOf(origin, question);
  }

  /** A link that is idle since then may have died without a word by now. */
  mayBeDead({ idleSinceMs }: Link): boolean {
    return this.lostAtMs > 0 && idleSinceMs <= this.lostAtMs && this.isOn;
  }
}
