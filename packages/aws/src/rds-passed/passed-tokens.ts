import type {
  Clock,
  GiveUp,
  PasswordTry,
  PasswordVerdict,
  ProofResult,
  ProofWanted,
  ServerLogin,
  ServerPasswordAnswer,
} from '@pgweir/pooler';
import { type GivenToken, readRdsToken } from '../rds-token/given-token';
import { HashedMemory, type MemoryKey, MemoryKeys } from './hashed-memory';
import { NewestTokens, type TokenServer } from './newest-tokens';
import { ProofTurns, type Turn } from './proof-turns';

/** A client that shows a token for RDS. */
export interface PassedClaim {
  readonly database: ProofWanted['database'];
  readonly user: ProofWanted['user'];
  readonly token: string;
  /** Where it comes from. */
  readonly source: string;
  /** The name of the database on the server. */
  readonly serverName: string;
  /** Those of the database's entry. */
  readonly servers: readonly TokenServer[];
}

/** One that PostgreSQL has taken. Plain data; secret. */
export interface ProvenToken extends TokenServer {
  readonly database: string;
  readonly user: string;
  /** As `PassedClaim` has it. */
  readonly serverName: string;
  readonly token: string;
  /** By the wall clock. */
  readonly expiresAtMs: number;
}

interface PassedTokensNeeds {
  readonly clock: Clock;
  /**
   * Logs in to PostgreSQL: the pooler does. Calls `done` once, not within this call; at once when it is
   * given up before the login has begun.
   */
  readonly prove: (wanted: ProofWanted, done: (result: ProofResult) => void) => GiveUp;
  /** Told of each token that was proven here: other processes serve the same clients. */
  readonly proven?: (token: ProvenToken) => void;
}

/** What AWS forgives. A token may seem to be from the future: then the clocks differ. */
const SKEW_MS = 5 * 60_000;
const PROVEN_MAX = 20_000;
const REFUSED_MAX = 20_000;
/** The same token is not tried again for that long after PostgreSQL has refused it. */
const REFUSED_MS = 60_000;

/** Nobody has judged it: it may be shown again. */
const TOO_MANY_REFUSED = busy('too many from this address were refused');
const TOO_MANY_WAIT = busy('too many wait for their proof');

const NO_TOKEN: ServerPasswordAnswer = {
  kind: 'none',
  reason: 'no client has shown a token for this server that has not expired',
  hint: 'Connect again, with a new RDS token as the password.',
};

/** One token that is being proven, and all who have shown it meanwhile. */
interface Flight extends Turn {
  readonly claimants: Set<(verdict: PasswordVerdict) => void>;
  giveUp: GiveUp;
}

/**
 * Tokens for RDS that clients send as their passwords. PostgreSQL says whether they are good: a login is
 * made with each new one. The newest of each user is kept for the links to come.
 */
export class PassedTokens {
  readonly #needs: PassedTokensNeeds;
  readonly #keys = new MemoryKeys();
  readonly #proven = new HashedMemory({ sizeMax: PROVEN_MAX });
  readonly #refused = new HashedMemory({ sizeMax: REFUSED_MAX });
  readonly #newest = new NewestTokens();
  readonly #turns = new ProofTurns();
  readonly #flights = new Map<MemoryKey, Flight>();

  constructor(needs: PassedTokensNeeds) {
    this.#needs = needs;
  }

  /** As `ClientVerifier` has it. */
  verify(claim: PassedClaim, decided: (verdict: PasswordVerdict) => void): GiveUp {
    const nowMs = this.#needs.clock.wallMs();
    const read = readRdsToken(claim.token);
    const why = read.kind === 'bad' ? read.why : faultOf(read.token, claim, nowMs);
    if (read.kind === 'bad' || why !== undefined)
      return atOnce({ kind: 'refused', why: why ?? '' }, decided);
    const key = this.#keyOf(claim, read.token);
    if (this.#proven.has(key, nowMs)) {
      this.#keepIfNone(key, claim, read.token);
      decided({ kind: 'accepted' });
      return nothingToGiveUp;
    }
    if (this.#refused.has(key, nowMs)) return atOnce(refused('refused before'), decided);
    const flight = this.#flights.get(key) ?? this.#begin(key, claim, read.token, nowMs);
    if ('kind' in flight) return atOnce(flight, decided);
    flight.claimants.add(decided);
    return () => this.#leave(key, flight, decided);
  }

  /** As `ServerPasswords` has it. */
  begin(login: ServerLogin, answer: (answer: ServerPasswordAnswer) => void): PasswordTry {
    const kept = this.#newest.find(login, this.#needs.clock.wallMs());
    const nothing = (): void => undefined;
    answer(
      kept === undefined
        ? NO_TOKEN
        : { kind: 'password', password: kept.token, needsVerifiedTls: true },
    );
    return {
      giveUp: nothing,
      accepted: nothing,
      refused: (decided) => {
        // Not to be tried again; whoever shows it anew has to prove it anew.
        if (kept !== undefined) {
          this.#newest.forget(login, kept);
          this.#proven.forget(kept.key);
        }
        decided(false);
      },
    };
  }

  /** As `ServerPasswords` has it. */
  lacks(login: ServerLogin): boolean {
    return this.#newest.find(login, this.#needs.clock.wallMs()) === undefined;
  }

  /** A token was proven: here, or by somebody who is as good. */
  heard(proven: ProvenToken): void {
    const nowMs = this.#needs.clock.wallMs();
    const { token, expiresAtMs } = proven;
    if (expiresAtMs <= nowMs) return;
    const key = this.#keyFor(proven);
    this.#proven.remember(key, expiresAtMs);
    this.#newest.keep(proven, { token, expiresAtMs, key }, nowMs);
  }

  /** One that was newer has been refused: this one was not. */
  #keepIfNone(
    key: MemoryKey,
    { database, user, token: text }: PassedClaim,
    token: GivenToken,
  ): void {
    const nowMs = this.#needs.clock.wallMs();
    const place = { database, user, host: token.host, port: token.port };
    if (this.#newest.find(place, nowMs) !== undefined) return;
    const expiresAtMs = expiryOf(token, nowMs);
    this.#newest.keep(place, { token: text, expiresAtMs, key }, nowMs);
  }

  /** @returns the verdict where it is not even tried */
  #begin(
    key: MemoryKey,
    claim: PassedClaim,
    token: GivenToken,
    nowMs: number,
  ): Flight | PasswordVerdict {
    const { source, database } = claim;
    if (!this.#turns.isTrusted(source, nowMs)) return TOO_MANY_REFUSED;
    const flight: Flight = {
      ...{ source, database, claimants: new Set(), giveUp: nothingToGiveUp },
      start: () => this.#start(key, flight, claim, token),
    };
    this.#flights.set(key, flight);
    if (this.#turns.add(flight)) return flight;
    this.#flights.delete(key);
    return TOO_MANY_WAIT;
  }

  #start(key: MemoryKey, flight: Flight, claim: PassedClaim, token: GivenToken): void {
    const { clock, prove } = this.#needs;
    const ended = (result: ProofResult): void => {
      this.#ended(key, flight, { claim, token, result });
    };
    if (!this.#turns.isTrusted(flight.source, clock.wallMs())) {
      // Others of that address were refused while it waited.
      clock.after(0, () => this.#decided(key, flight, TOO_MANY_REFUSED));
      return;
    }
    const { database, user, token: password } = claim;
    const { host, port } = token;
    flight.giveUp = prove({ database, user, server: { host, port }, password }, ended);
  }

  #ended(
    key: MemoryKey,
    flight: Flight,
    of: { readonly claim: PassedClaim; readonly token: GivenToken; readonly result: ProofResult },
  ): void {
    const nowMs = this.#needs.clock.wallMs();
    const { claim, token, result } = of;
    if (result.kind === 'proven') {
      const { database, user, serverName, token: text } = claim;
      const { host, port } = token;
      const expiresAtMs = expiryOf(token, nowMs);
      const proven = { database, user, serverName, host, port, token: text, expiresAtMs };
      this.heard(proven);
      this.#needs.proven?.(proven);
    }
    if (result.kind === 'refused') {
      this.#refused.remember(key, Math.min(expiryOf(token, nowMs), nowMs + REFUSED_MS));
      this.#turns.refused(flight.source, nowMs);
    }
    this.#decided(key, flight, verdictOf(result));
  }

  /** A turn is over. */
  #decided(key: MemoryKey, flight: Flight, verdict: PasswordVerdict): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
    // Each may let another one in, or end it.
    for (const decided of [...flight.claimants]) {
      if (flight.claimants.delete(decided)) decided(verdict);
    }
    this.#turns.ended(flight);
  }

  #leave(key: MemoryKey, flight: Flight, decided: (verdict: PasswordVerdict) => void): void {
    flight.claimants.delete(decided);
    if (flight.claimants.size > 0 || this.#flights.get(key) !== flight) return;
    // Nobody wants to know any more.
    if (this.#turns.withdraw(flight)) this.#flights.delete(key);
    else flight.giveUp();
  }

  #keyOf({ database, user, serverName, token }: PassedClaim, { host, port }: GivenToken) {
    return this.#keyFor({ database, user, serverName, token, host, port });
  }

  #keyFor(of: Omit<ProvenToken, 'expiresAtMs'>): MemoryKey {
    const { host, port, database, serverName, user, token } = of;
    return this.#keys.of(`${host}:${port}`, database, serverName, user, token);
  }
}

/** What is wrong with a token for this login, as far as can be told without asking anybody. */
function faultOf(
  { host, port, user, signedAtMs, lifeMs }: GivenToken,
  claim: PassedClaim,
  nowMs: number,
): string | undefined {
  if (user !== claim.user) return 'RDS token: of another user';
  const isItsServer = claim.servers.some(
    (server) => server.host.toLowerCase() === host && server.port === port,
  );
  if (!isItsServer) return 'RDS token: for a server that the database does not have';
  if (signedAtMs > nowMs + SKEW_MS) return 'RDS token: not valid yet by the clock of this host';
  if (signedAtMs + lifeMs <= nowMs) return 'RDS token: expired by the clock of this host';
  return undefined;
}

/** Not longer from now on than it may live at all, whatever the clock of its maker says. */
function expiryOf({ signedAtMs, lifeMs }: GivenToken, nowMs: number): number {
  return Math.min(signedAtMs, nowMs) + lifeMs;
}

function verdictOf(result: ProofResult): PasswordVerdict {
  switch (result.kind) {
    case 'proven':
      return { kind: 'accepted' };
    case 'refused':
      return refused(result.reason);
    case 'failed':
      return { kind: 'undecided', error: result.error, why: result.reason };
  }
}

function refused(why: string): PasswordVerdict {
  return { kind: 'refused', why: `RDS token: ${why}` };
}

function busy(why: string): PasswordVerdict {
  return { kind: 'refused', why: `RDS token: ${why}`, isBusy: true };
}

function atOnce(verdict: PasswordVerdict, decided: (verdict: PasswordVerdict) => void): GiveUp {
  decided(verdict);
  return nothingToGiveUp;
}

function nothingToGiveUp(): void {
  // All is decided already.
}
