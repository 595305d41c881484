import type { Link } from '../backend/link';
import { isServersEnd } from '../backend/server-status';
import { mayMove } from '../net/host-name';
import type { PoolerContext } from '../pooler-context';
import type { ServerEndpoint, ServerNotice, TopologySnapshot } from '../ports/topology-source';
import type { DatabaseSettings } from '../settings/settings';
import {
  fitnessOf,
  fitServers,
  type LinkOrigin,
  type RoleQuestion,
  wantedRole,
} from '../topology/fit-servers';
import type { ReplicaServer } from '../topology/replica-servers';
import type { Database } from './database';

/** How long work waits for a server to take over, where the configuration does not say. */
export const HOLD_TIMEOUT_MS = 30_000;

/** The same of the same server is passed on so often at most, milliseconds. */
const NOTICE_GAP_MS: Readonly<Record<ServerNotice, number>> = {
  ...{ refused: 100, terminated: 100, lost: 100 },
  // Any client can have that, by a transaction that it has made read-only itself.
  'read-only': 5000,
};

const NOTICES_MAX = 1000;

/** In this time all processes of a server that crashes are gone. */
const CRASH_MS = 500;

const NO_SERVERS: readonly ServerEndpoint[] = [];

/** The servers of one pool: which of them it may use, and whether its clients wait for one. */
export class FollowedServers {
  /** Nobody gets a link: there is no server now, and one is expected. */
  held = false;
  /** Since when links are wanted and none could be opened; 0: the last attempt worked. */
  heldSinceMs = 0;
  /** Until when work waited last because there was no server. */
  heldUntilMs = 0;
  /** When a link last ended by itself: those that are idle since before that may be dead, too. */
  lostAtMs = 0;
  /** When a link last ended without a word: of a server that has crashed the others die a moment later. */
  #brokenAtMs = 0;
  #dialedEpoch = 0;
  /** When something was last passed on, by server and kind. */
  readonly #noticedAtMs = new Map<string, number>();
  /** What was known when it was last looked at. */
  #seen = '';
  #kind: 'go' | 'hold' | 'none' = 'go';
  #lookedAt: TopologySnapshot | undefined;
  #lookedFor: DatabaseSettings | undefined;
  readonly #context: Pick<PoolerContext, 'clock' | 'topology'>;
  readonly #database: Database;
  readonly #only: ReplicaServer | undefined;

  /** `only`: it is the one replica that links go to, and nobody waits for another. */
  constructor(
    context: Pick<PoolerContext, 'clock' | 'topology'>,
    database: Database,
    only?: ReplicaServer,
  ) {
    this.#context = context;
    this.#database = database;
    this.#only = only;
    this.look();
  }

  get isOn(): boolean {
    return this.#database.followsRoles || this.#only !== undefined;
  }

  /** Reads of the database do not go to replicas any more, and these are links to one. */
  get #isTurnedOff(): boolean {
    return this.#only !== undefined && !this.#database.settings.readWriteSplit;
  }

  get #all(): readonly ServerEndpoint[] {
    const { servers } = this.#database;
    const only = this.#only?.endpoint;
    if (only === undefined) return servers;
    return servers.filter(({ host, port }) => host === only.host && port === only.port);
  }

  get #question(): RoleQuestion | undefined {
    const ofEntry = wantedRole(this.#database.settings);
    if (ofEntry === undefined) return undefined;
    const wanted = this.#only === undefined ? ofEntry : 'standby';
    const roles = this.#context.topology.current.roles.get(this.#database.entry);
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

  /** A link is opened that leads to `origin`. @returns whether it is the first one of its epoch */
  entersEpoch(origin: LinkOrigin | undefined): boolean {
    const epoch = origin?.epoch ?? 0;
    const isFirst = epoch > this.#dialedEpoch;
    if (isFirst) this.#dialedEpoch = epoch;
    return isFirst;
  }

  /**
   * Another server may take the place of one that cannot be reached, or another machine its name: that
   * is worth waiting for.
   */
  get mayFailOver(): boolean {
    if (!this.isOn || this.#only !== undefined) return false;
    return this.#all.length > 1 || this.#all.some(({ host }) => mayMove(host));
  }

  /**
   * Looks at what is known now.
   *
   * @returns `none`: there is no server of the role that is wanted, and nothing to wait for
   */
  look(): 'go' | 'hold' | 'none' {
    const { current } = this.#context.topology;
    const { settings } = this.#database;
    // Asked for every statement that queues, and made anew only when something has changed.
    if (this.#lookedAt === current && this.#lookedFor === settings) return this.#kind;
    this.#lookedAt = current;
    this.#lookedFor = settings;
    const question = this.#question;
    this.#kind = question === undefined ? 'go' : fitServers(question).kind;
    if (this.#isTurnedOff) this.#kind = 'none';
    if (this.#kind === 'hold' && this.#only !== undefined) this.#kind = 'none';
    const isHeld = this.#kind === 'hold';
    if (this.held && !isHeld) this.heldUntilMs = this.#context.clock.nowMs();
    this.held = isHeld;
    return this.#kind;
  }

  /** Links are wanted, and none can be opened now. */
  waits(): void {
    if (this.heldSinceMs === 0) this.heldSinceMs = this.#context.clock.nowMs();
  }

  /** A link has been opened. */
  reached(): void {
    if (this.heldSinceMs !== 0) this.heldUntilMs = this.#context.clock.nowMs();
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

  /** A link has ended by itself. @returns whether its server may be gone */
  lost(link: Link): boolean {
    const { endCode } = link;
    // Other ends are its session's doing, as by a timeout.
    if (endCode !== undefined && !isServersEnd(endCode)) return false;
    this.lostAtMs = this.#context.clock.nowMs();
    if (endCode === undefined) this.#brokenAtMs = this.lostAtMs;
    this.noticed(link, endCode === undefined ? 'lost' : 'terminated');
    return true;
  }

  /** Something was met at the server of a link, which whoever watches it is to know. */
  noticed({ origin }: Link, what: ServerNotice): void {
    const { clock, topology } = this.#context;
    if (origin === undefined || topology.noticed === undefined) return;
    if (what === 'read-only' && origin.role !== 'primary') return;
    const { host, port } = origin;
    const key = `${host}:${port} ${what}`;
    const nowMs = clock.nowMs();
    const beforeMs = this.#noticedAtMs.get(key) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - beforeMs < NOTICE_GAP_MS[what]) return;
    if (this.#noticedAtMs.size >= NOTICES_MAX) this.#noticedAtMs.clear();
    this.#noticedAtMs.set(key, nowMs);
    topology.noticed({ host, port }, what);
  }

  /** A link that is idle since then may have died without a word by now. */
  mayBeDead({ idleSinceMs }: Link): boolean {
    return this.lostAtMs > 0 && idleSinceMs <= this.lostAtMs && this.isOn;
  }

  /**
   * A link of a server that may just have crashed, although it still answers: what is run once more is not
   * to be lost with it again.
   */
  isDoomed({ connectedAtMs, idleSinceMs }: Link): boolean {
    if (this.#brokenAtMs === 0 || connectedAtMs >= this.#brokenAtMs || !this.isOn) return false;
    const isOver = this.#context.clock.nowMs() - this.#brokenAtMs > CRASH_MS;
    return !isOver || idleSinceMs <= this.#brokenAtMs;
  }
}
