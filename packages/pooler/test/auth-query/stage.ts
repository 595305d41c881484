import type { CredentialSource } from '../../src/ports/credential-source';
import { databaseName, userName } from '../../src/ports/names';
import type { PoolerSettings } from '../../src/settings/settings';
import { type FakeBackend, parametersOf } from '../kit/fake-backend';
import { frame } from '../kit/messages';
import { Rig } from '../kit/rig';
import { databaseSettings } from '../kit/settings';
import type { TestClient } from '../kit/test-client';

export const QUERY = 'SELECT name, password FROM secrets WHERE name=$1';

/** Only `filed` is in the file. */
export const FILE: CredentialSource = {
  lookup: (user) => (user === 'filed' ? { kind: 'plain', password: 'own' } : undefined),
};

/** A rig with auth_query, in plain, and what PostgreSQL has: one password for each name. */
export async function asking(
  changes: Partial<PoolerSettings> = {},
  secrets: Readonly<Record<string, string | null>> = { alice: 'tea' },
): Promise<Rig> {
  const all = { authType: 'plain' as const, authUser: userName('asker'), ...changes };
  const rig = await Rig.open(all, { credentials: FILE });
  rig.server.table = (_sql, [name = '']) => ({
    columns: 2,
    rows: name in secrets ? [[name, secrets[name] ?? null]] : [],
  });
  return rig;
}

export const password = (text: string): Buffer => frame('p', `${text}\0`);

/** Logs a client in as far as it comes, with this password. */
export async function login(rig: Rig, user: string, secret: string): Promise<TestClient> {
  const client = rig.caller({ user });
  await rig.settle();
  if (client.tags === 'R') client.send(password(secret));
  await rig.settle();
  return client;
}

/** The names that were asked for on a backend, in order. */
export function asked(backend: FakeBackend): readonly string[] {
  return backend.received
    .filter(({ tag }) => tag === 'B')
    .flatMap(({ body }) => parametersOf(body));
}

/** The backends of links of auth_user. */
export function askers(rig: Rig): readonly FakeBackend[] {
  return rig.server.backends.filter(({ parameters }) => parameters.get('user') === 'asker');
}

export function failures(rig: Rig): readonly unknown[] {
  return rig.log.lines
    .filter(({ message }) => message === 'auth_query failed')
    .map(({ fields }) => fields?.reason);
}

export const APP = databaseName('app');
export { databaseSettings };
