import type { Clock, Logger, PasswordJudge, PasswordVerdict } from '@pgweir/pooler';
import { databaseName, userName } from '@pgweir/pooler';
import { freePort, type LdapServer, startLdapServer } from '@pgweir/testkit';
import { LdapOptions } from '../../src/ldap/options';
import { LdapVerifier } from '../../src/ldap/verifier';

const LINES: string[] = [];
let nowMs = 0;
const clock: Clock = {
  nowMs: () => nowMs,
  wallMs: () => nowMs,
  every: () => () => undefined,
  after: () => () => undefined,
};
const note = (message: string): void => void LINES.push(message);
const log: Logger = { error: note, warn: note, info: note, debug: note };

let server: LdapServer;

beforeEach(async () => {
  LINES.length = 0;
  nowMs = 0;
  server = await startLdapServer({ entries: [{ dn: 'uid=ann', password: 'tea' }] });
});

afterEach(() => server.stop());

const url = (port: number): string => `ldap://127.0.0.1:${port}`;
const options = (...ports: readonly number[]): LdapOptions =>
  new LdapOptions(
    { urls: ports.map(url), startTls: false },
    { kind: 'made', prefix: 'uid=', suffix: '' },
  );

const claim = (judge: PasswordJudge, password = 'tea') => ({
  ...{ database: databaseName('shop'), user: userName('ann'), password, judge, address: 'unix' },
});

function verify(verifier: LdapVerifier, of: ReturnType<typeof claim>): Promise<PasswordVerdict> {
  return new Promise((resolve) => verifier.verify(of, resolve));
}

test('options that are not of LDAP, and empty passwords, are refused without asking', async () => {
  const verifier = new LdapVerifier(clock, log);
  for (const of of [
    claim({ kind: 'directory', options: undefined }),
    claim({ kind: 'secret', stored: { kind: 'plain', password: 'tea' } }),
    claim({ kind: 'directory', options: { servers: { urls: [url(server.port)] } } }),
    claim({ kind: 'directory', options: options(server.port) }, ''),
  ]) {
    expect(await verify(verifier, of)).toMatchObject({ kind: 'refused' });
  }
  expect(server.connections).toBe(0);
});

test('a server that could not be reached is told of once, and asked last for a while', async () => {
  const verifier = new LdapVerifier(clock, log);
  const dead = await startLdapServer({ entries: [] });
  const judge = { kind: 'directory', options: options(dead.port, server.port) } as const;
  await dead.stop();
  expect(await verify(verifier, claim(judge))).toEqual({ kind: 'accepted' });
  expect(await verify(verifier, claim(judge, 'milk'))).toEqual({
    ...{ kind: 'refused', why: 'InvalidCredentials (49)' },
  });
  expect(LINES).toEqual(['LDAP server cannot be reached']);
  await server.stop();
  const failed = await verify(verifier, claim(judge));
  const why = failed.kind === 'refused' ? failed.why : '';
  expect(why).toBe(`${url(server.port)}: ECONNREFUSED; ${url(dead.port)}: ECONNREFUSED`);
  nowMs += 10_000;
  const later = await verify(verifier, claim(judge));
  expect(later.kind === 'refused' && later.why.startsWith(url(dead.port))).toBe(true);
  expect(LINES).toHaveLength(2);
});

test('whoever gives up is told nothing, and its connection ends', async () => {
  const silent = await startLdapServer({ entries: [], silent: true });
  try {
    const verifier = new LdapVerifier(clock, log);
    const judge = { kind: 'directory', options: options(silent.port) } as const;
    const told: PasswordVerdict[] = [];
    const arrived = silent.next();
    const giveUp = verifier.verify(claim(judge), (verdict) => told.push(verdict));
    const { ended } = await arrived;
    giveUp();
    giveUp();
    await ended;
    expect(told).toEqual([]);
    expect(LINES).toEqual([]);
  } finally {
    await silent.stop();
  }
});

test('a directory that answers again is told of', async () => {
  const verifier = new LdapVerifier(clock, log);
  const port = await freePort();
  const judge = { kind: 'directory', options: options(port) } as const;
  expect(await verify(verifier, claim(judge))).toMatchObject({ kind: 'refused' });
  const late = await startLdapServer({ entries: [{ dn: 'uid=ann', password: 'tea' }], port });
  try {
    expect(await verify(verifier, claim(judge))).toEqual({ kind: 'accepted' });
  } finally {
    await late.stop();
  }
  expect(LINES).toEqual(['LDAP server cannot be reached', 'LDAP server can be reached again']);
});
