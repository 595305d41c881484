import type { ProbeLogin, ServerAddress } from '@pgweir/control';
import type { PasswordTry, ServerPasswordAnswer, ServerPasswords } from '@pgweir/pooler';
import type { Asker } from './askers';

/**
 * One login of somebody who asks a server, with a password that is made or fetched for it. Where none is,
 * the login is made as it is configured.
 */
export class LoginTrial {
  /** As whom and with what. */
  readonly login: ProbeLogin;
  #trial: PasswordTry | undefined;

  /** Without patience a password that has to be fetched first counts as none. */
  constructor(
    passwords: ServerPasswords,
    { database, login, user }: Asker,
    at: ServerAddress,
    patience: 'waits' | 'none',
  ) {
    let answered: ServerPasswordAnswer | undefined;
    let tell: (answer: ServerPasswordAnswer) => void = () => undefined;
    const answer = new Promise<ServerPasswordAnswer>((resolve) => {
      tell = resolve;
    });
    const { host, port } = at;
    // Tokens are made for each login anyway.
    const isMade = typeof login.password === 'function';
    const begin: ServerPasswords['begin'] = isMade ? () => undefined : passwords.begin;
    this.#trial = begin.call(passwords, { database, user, host, port }, (given) => {
      answered = given;
      tell(given);
    });
    // Of one that comes later, nobody can tell the name now.
    const name = answered === undefined ? user : nameIn(answered, user);
    const isWaitedFor = patience === 'waits' || answered !== undefined;
    const password = async () => passwordOf(isWaitedFor ? await answer : NOT_YET, user, name);
    this.login = this.#trial === undefined ? login : { ...login, user: name, password };
  }

  /** How the login has ended; nothing is known of the password unless it was taken or refused. */
  ended(how: 'accepted' | 'refused' | 'other'): void {
    const trial = this.#trial;
    this.#trial = undefined;
    if (how === 'accepted') trial?.accepted();
    else if (how === 'refused') trial?.refused(() => undefined);
    else trial?.giveUp();
  }
}

const NOT_YET: ServerPasswordAnswer = { kind: 'none', reason: 'its password is being fetched' };

/** For several logins of whose ends nobody is told: each asks for its password anew. */
export function loginWithPassword(
  passwords: ServerPasswords,
  asker: Asker,
  at: ServerAddress,
): ProbeLogin {
  const begin = () => new LoginTrial(passwords, asker, at, 'waits');
  const first = begin();
  first.ended('other');
  const { login } = first;
  if (typeof login.password !== 'function') return login;
  return {
    ...login,
    password: async () => {
      const trial = begin();
      try {
        const { password, user } = trial.login;
        if (user === login.user && typeof password === 'function') return await password();
        throw new Error(OTHER_USER);
      } finally {
        trial.ended('other');
      }
    },
  };
}

const OTHER_USER = 'its secret names another user by now';

function nameIn(answer: ServerPasswordAnswer, user: string): string {
  return answer.kind === 'password' ? (answer.user ?? user) : user;
}

function passwordOf(answer: ServerPasswordAnswer, user: string, name: string): string {
  if (answer.kind === 'none') throw new Error(answer.reason);
  if (nameIn(answer, user) !== name) throw new Error(OTHER_USER);
  return answer.password;
}
