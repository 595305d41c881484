import {
  type PreparedStatement,
  type ProbeFailure,
  type ServerAddress,
  serverKey,
} from '@pgweir/control';
import type { Clock, Resolver, ServerPasswords } from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { LoginTrial } from '../health/login-trial';
import { askServer } from './ask-server';
import { type Reach, reachServer } from './reach';
import { FACTS, readFacts, type ServerFacts } from './server-facts';
import type { Login, Visit } from './visits';

/** How one login went. */
export type LoginOutcome =
  | {
      readonly kind: 'in';
      readonly facts: ServerFacts;
      /** The server's clock is so far before ours; uncertain by half the time that the answer took. */
      readonly aheadMs: number;
      readonly uncertainMs: number;
      /** What auth_query says of a user: undefined: it was not asked. */
      readonly authQuery: AuthQueryOutcome | undefined;
    }
  | { readonly kind: 'failed'; readonly failure: ProbeFailure }
  | { readonly kind: 'untried' };

export type AuthQueryOutcome =
  | { readonly kind: 'works' }
  | { readonly kind: 'fails'; readonly reason: string };

export interface ExaminedLogin extends Login {
  readonly outcome: LoginOutcome;
}

/** One server of one entry, seen. */
export interface Examined extends Omit<Visit, 'logins'> {
  readonly reach: Reach;
  readonly logins: readonly ExaminedLogin[];
}

export interface ExamineMeans {
  readonly config: DaemonConfig;
  readonly passwords: ServerPasswords;
  readonly clock: Clock;
  readonly resolver: Resolver;
}

/**
 * Sees one server for all entries that name it: one connection at a time, so that the doctor is never what
 * fills it. Never rejects.
 */
export async function examineServer(
  visits: readonly Visit[],
  means: ExamineMeans,
): Promise<readonly Examined[]> {
  const examined: Examined[] = [];
  let isSilent = false;
  for (const visit of visits) {
    const { name, entry, address } = visit;
    const tls = entry.serverTls ?? means.config.pooler.serverTls;
    const known: Reach | undefined = isSilent ? examined.at(-1)?.reach : undefined;
    const reach: Reach = known ?? (await reachServer(address, tls));
    isSilent = reach.kind !== 'reached';
    const logins: ExaminedLogin[] = [];
    for (const login of visit.logins) {
      const outcome = isSilent ? UNTRIED : await tryLogin(visit, login, { ...means, reach });
      logins.push({ ...login, outcome });
    }
    examined.push({ name, entry, address, reach, logins });
  }
  return examined;
}

const UNTRIED: LoginOutcome = { kind: 'untried' };

async function tryLogin(
  { entry, address }: Visit,
  { asker, user }: Login,
  means: ExamineMeans & { readonly reach: Reach },
): Promise<LoginOutcome> {
  if (asker === undefined) return UNTRIED;
  const { passwords, clock, reach, config } = means;
  const trial = new LoginTrial(passwords, asker, address, 'waits');
  const usesTls = usesTlsHere(asker.tlsMode, reach);
  const login = { ...trial.login, tls: usesTls ? trial.login.tls : undefined };
  const asks = user === (entry.authUser ?? config.pooler.authUser);
  const query = asks ? authQuery(entry.authQuery ?? config.pooler.authQuery, user) : undefined;
  const answer = await askServer(address, login, [FACTS], means);
  if (answer.kind === 'failed') {
    trial.ended(answer.failure.isPasswordRefused === true ? 'refused' : 'other');
    return answer;
  }
  trial.ended('accepted');
  const facts = readFacts(answer.results[0]?.[0]);
  if (facts === undefined) {
    return { kind: 'failed', failure: { why: 'lost', reason: 'an answer that makes no sense' } };
  }
  const tookMs = answer.answeredAtMs - answer.askedAtMs;
  const nowMs = clock.wallMs() - (clock.nowMs() - answer.answeredAtMs);
  const aheadMs = facts.clockMs - (nowMs - tookMs / 2);
  const asked = query && (await askServer(address, login, [query], means));
  return {
    ...{ kind: 'in', facts, aheadMs, uncertainMs: tookMs / 2 },
    authQuery: asked && readAuthAnswer(asked),
  };
}

/** As links do: `allow` begins without, `prefer` takes what there is. */
function usesTlsHere(mode: string, reach: Reach): boolean {
  if (mode === 'allow') return false;
  if (mode !== 'prefer') return true;
  return reach.kind === 'reached' && reach.tls.kind === 'on';
}

function authQuery(text: string, user: string): PreparedStatement {
  return { name: 'auth_query', text, values: [user] };
}

/** Looks at the form alone: the answer has a password in it. */
function readAuthAnswer(answer: Awaited<ReturnType<typeof askServer>>): AuthQueryOutcome {
  if (answer.kind === 'failed') return { kind: 'fails', reason: answer.failure.reason };
  const rows = answer.results[0] ?? [];
  if (rows.length > 1)
    return { kind: 'fails', reason: `it gives ${rows.length} rows for one user` };
  if (rows[0] !== undefined && rows[0].length !== 2) {
    return { kind: 'fails', reason: `it gives ${rows[0].length} columns, not name and password` };
  }
  return { kind: 'works' };
}

/** The visits of each server. */
export function byServer(visits: readonly Visit[]): readonly (readonly Visit[])[] {
  const groups = new Map<string, Visit[]>();
  for (const visit of visits) {
    const key = serverKey(visit.address);
    groups.set(key, [...(groups.get(key) ?? []), visit]);
  }
  return [...groups.values()];
}

/** For people. */
export function addressName({ host, port }: ServerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
