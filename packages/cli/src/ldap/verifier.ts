import type {
  ClientVerifier,
  Clock,
  GiveUp,
  Logger,
  PasswordClaim,
  PasswordVerdict,
} from '@pgweir/pooler';
import { askServer, type LdapClaim } from './ask-server';
import { directoryName } from './names';
import { LdapOptions } from './options';
import { ServerHealth } from './server-health';
import { Turns } from './turns';

/**
 * Logins for which one directory is asked at a time; each has a connection of its own. The others wait,
 * as long as `client_login_timeout` lets them.
 */
const ASKED_MAX = 16;

/** Asks an LDAP directory whether passwords are right. */
export class LdapVerifier implements ClientVerifier {
  /** By servers, so that a directory that is slow holds up nobody else's logins. */
  readonly #turns = new Map<string, Turns>();
  readonly #health: ServerHealth;
  readonly #clock: Clock;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#health = new ServerHealth(clock, log);
  }

  verify(claim: PasswordClaim, decided: (verdict: PasswordVerdict) => void): GiveUp {
    const { judge, user, password } = claim;
    const options = judge.kind === 'directory' ? judge.options : undefined;
    if (!(options instanceof LdapOptions)) return refused('there is no directory', decided);
    // A bind without a password succeeds, and proves nothing.
    if (password === '') return refused('empty password', decided);
    const name = directoryName(user, options.lookup);
    if (name.kind === 'refused') return refused(name.why, decided);
    const given = new AbortController();
    const leave = this.#inTurn(options, async () => {
      const verdict = await this.#ask(options, { name: name.name, password }, given.signal);
      if (!given.signal.aborted) decided(verdict);
    });
    return () => {
      leave();
      given.abort();
    };
  }

  #inTurn({ servers }: LdapOptions, job: () => Promise<void>): () => void {
    const key = servers.urls.join(' ');
    const turns = this.#turns.get(key) ?? new Turns(ASKED_MAX);
    this.#turns.set(key, turns);
    return turns.add(async () => {
      await job();
      // It is the last one itself.
      if (turns.waiting === 0 && turns.running === 1) this.#turns.delete(key);
    });
  }

  /** Never rejects. */
  async #ask(
    options: LdapOptions,
    claim: LdapClaim,
    signal: AbortSignal,
  ): Promise<PasswordVerdict> {
    const faults: string[] = [];
    for (const url of this.#health.inOrder(options.servers.urls)) {
      const answer = await askServer(url, options, claim, { signal, clock: this.#clock });
      if (signal.aborted) break;
      if (answer.kind !== 'unreachable') {
        this.#health.answered(url);
        return answer;
      }
      this.#health.failed(url, answer.why);
      faults.push(`${url}: ${answer.why}`);
    }
    return { kind: 'refused', why: faults.join('; ') };
  }
}

function refused(why: string, decided: (verdict: PasswordVerdict) => void): GiveUp {
  decided({ kind: 'refused', why });
  return () => undefined;
}
