import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  databaseName,
  type PasswordVerdict,
  type PoolerSettings,
  type ProofWanted,
  type TopologySnapshot,
  userName,
} from '@pgweir/pooler';
import { certsDir, HandClock } from '@pgweir/testkit';
import { IamOptions } from '../../src/aws/iam-options';
import { IamPasswords } from '../../src/aws/iam-passwords';
import { PassedRdsTokens } from '../../src/aws/passed-rds-tokens';
import { firstThatKnows } from '../../src/first-that-knows';
import { loaded } from '../support/config-files';

const pem = (name: string): string => readFileSync(join(certsDir(), name), 'utf8');
const CONFIG = loaded(
  '[databases]\n* = host=db.test\n[pgbouncer]\nauth_type = iam\nserver_auth = iam-passthrough\n' +
    'client_tls_sslmode = require\nclient_tls_key_file = a.key\nclient_tls_cert_file = a.crt\n' +
    'server_tls_sslmode = verify-full\nserver_tls_ca_file = ca.crt\nadmin_users = ann\n',
  {
    '/etc/pgweir/ca.crt': pem('ca.crt'),
    '/etc/pgweir/a.key': pem('server.key'),
    '/etc/pgweir/a.crt': pem('server.crt'),
  },
);
const SNAPSHOT: TopologySnapshot = {
  generation: 1,
  servers: new Map([[databaseName('*'), [{ host: 'db.test', port: 5432, role: 'unknown' }]]]),
  roles: new Map(),
};
const OPTIONS = new IamOptions({ serverNames: [], regions: [] }, { name: 'iam', entries: [] });

function tokenOf(clock: HandClock): string {
  const date = new Date(clock.wallMs()).toISOString().replace(/\.\d+|[-:]/g, '');
  return (
    'db.test:5432/?Action=connect&DBUser=ann&X-Amz-Algorithm=AWS4-HMAC-SHA256' +
    `&X-Amz-Credential=AKID%2F${date.slice(0, 8)}%2Feu-central-1%2Frds-db%2Faws4_request` +
    `&X-Amz-Date=${date}&X-Amz-Expires=900&X-Amz-SignedHeaders=host` +
    `&X-Amz-Signature=${'0'.repeat(64)}`
  );
}

function stage() {
  const clock = new HandClock();
  const proofs: ProofWanted[] = [];
  const tokens = new PassedRdsTokens({
    ...{ clock, settings: () => CONFIG.pooler },
    topology: { current: SNAPSHOT, subscribe: () => () => undefined },
    proofs: () => ({
      prove: (wanted, done) => {
        proofs.push(wanted);
        clock.after(0, () => done({ kind: 'proven' }));
        return () => undefined;
      },
    }),
  });
  return { tokens, clock, proofs };
}

/** What becomes of the same token for a database, and which proofs are asked for. */
function verify(database: string) {
  const { tokens, clock, proofs } = stage();
  const verdicts: PasswordVerdict[] = [];
  const claim = { database: databaseName(database), user: userName('ann') };
  const judge = { kind: 'iam', options: OPTIONS } as const;
  tokens.verify(
    { ...claim, password: tokenOf(clock), judge, address: '192.0.2.1' },
    OPTIONS,
    (verdict) => verdicts.push(verdict),
  );
  clock.advance(0);
  return { proofs, verdicts };
}

test('a token for any database that the entry * is for is proven there', () => {
  const { proofs, verdicts } = verify('shop');
  expect(verdicts).toEqual([{ kind: 'accepted' }]);
  expect(proofs.map(({ database }) => database)).toEqual(['shop']);
});

test.each(['pgbouncer', 'pgweir'])('no token opens the console as %s', (name) => {
  const { proofs, verdicts } = verify(name);
  expect(proofs).toEqual([]);
  expect(verdicts).toEqual([
    { kind: 'refused', why: 'RDS tokens are for databases, and not for the console' },
  ]);
});

test('a pool is known to have no password until somebody has shown a token that is good', () => {
  const { tokens: passed, clock } = stage();
  let settings: PoolerSettings = CONFIG.pooler;
  const passwords = firstThatKnows(new IamPasswords({ settings: () => settings, passed }), {
    begin: () => undefined,
  });
  const place = {
    database: databaseName('shop'),
    user: userName('ann'),
    host: 'db.test',
    port: 5432,
  };
  expect(passwords.lacks?.(place)).toBe(true);
  const expiresAtMs = clock.wallMs() + 1000;
  passed.heard({ ...place, serverName: 'shop', token: tokenOf(clock), expiresAtMs });
  expect(passwords.lacks?.(place)).toBe(false);
  clock.advance(1000);
  expect(passwords.lacks?.(place)).toBe(true);
  settings = { ...settings, serverIdentity: {} };
  expect(passwords.lacks?.(place)).toBe(false);
});
