import { createHash } from 'node:crypto';
import { ServerKeys } from '../../src/pool/server-keys';
import type { StoredSecret } from '../../src/ports/credential-source';

const CLIENT_KEY = Buffer.alloc(32, 7);
const VERIFIER: StoredSecret = {
  kind: 'scram',
  iterations: 4096,
  salt: Buffer.alloc(16),
  storedKey: createHash('sha256').update(CLIENT_KEY).digest(),
  serverKey: Buffer.alloc(32, 9),
};

test('a configured password is used before anything that was learnt', () => {
  const keys = new ServerKeys();
  keys.learnPassword('learnt');
  keys.learnClientKey(CLIENT_KEY);
  expect(keys.proofFor({ kind: 'plain', password: 'configured' })).toEqual({
    kind: 'password',
    password: 'configured',
  });
});

test('a password that a client showed serves where only a hash is configured', () => {
  const keys = new ServerKeys();
  keys.learnPassword('learnt');
  for (const secret of [{ kind: 'md5', hash: 'md5x' } as const, VERIFIER, undefined]) {
    expect(keys.proofFor(secret)).toEqual({ kind: 'password', password: 'learnt' });
  }
  keys.forgetPassword(undefined);
  expect(keys.proofFor({ kind: 'md5', hash: 'md5x' })).toEqual({ kind: 'md5', hash: 'md5x' });
});

test('a SCRAM verifier needs the client key of a login', () => {
  const keys = new ServerKeys();
  expect(keys.proofFor(VERIFIER)).toEqual({ kind: 'none' });
  keys.learnClientKey(CLIENT_KEY);
  expect(keys.proofFor(VERIFIER)).toEqual({
    kind: 'scramKeys',
    clientKey: CLIENT_KEY,
    serverKey: Buffer.alloc(32, 9),
  });
});

test('a client key of a password that has been changed since is not used', () => {
  const keys = new ServerKeys();
  keys.learnClientKey(Buffer.alloc(32, 8));
  expect(keys.proofFor(VERIFIER)).toEqual({ kind: 'none' });
});

test.each([undefined, { kind: 'none' } as const])('nothing is known of %p', (secret) => {
  expect(new ServerKeys().proofFor(secret)).toEqual({ kind: 'none' });
});

test('what auth_query has found serves where nothing is configured', () => {
  const keys = new ServerKeys();
  expect(keys.learnSecret({ kind: 'md5', hash: 'md5x' })).toBe(false);
  expect(keys.proofFor(undefined)).toEqual({ kind: 'md5', hash: 'md5x' });
  expect(keys.proofFor({ kind: 'plain', password: 'filed' })).toEqual({
    kind: 'password',
    password: 'filed',
  });
});

test('another secret of auth_query takes the place of what was proven with the one before', () => {
  const keys = new ServerKeys();
  keys.learnSecret({ kind: 'md5', hash: 'md5x' });
  keys.learnPassword('before');
  keys.forgetPassword(undefined);
  expect(keys.learnSecret({ kind: 'md5', hash: 'md5x' })).toBe(false);
  expect(keys.proofFor(undefined)).toEqual({ kind: 'password', password: 'before' });
  expect(keys.learnSecret({ kind: 'md5', hash: 'md5y' })).toBe(true);
  expect(keys.proofFor(undefined)).toEqual({ kind: 'md5', hash: 'md5y' });
});

test('a reload that brings the user into auth_file ends what auth_query has found', () => {
  const keys = new ServerKeys();
  keys.learnSecret({ kind: 'md5', hash: 'md5x' });
  keys.forgetPassword({ kind: 'none' });
  expect(keys.proofFor(undefined)).toEqual({ kind: 'none' });
});

test('a password that a directory has accepted outlives a reload, unless a file knows the user', () => {
  const keys = new ServerKeys();
  keys.learnPassword('tea', { byDirectory: true });
  keys.forgetPassword(undefined);
  expect(keys.proofFor(undefined)).toEqual({ kind: 'password', password: 'tea' });
  keys.forgetPassword({ kind: 'none' });
  expect(keys.proofFor(undefined)).toEqual({ kind: 'none' });
  keys.learnPassword('tea', { byDirectory: true });
  keys.learnPassword('milk');
  keys.forgetPassword(undefined);
  expect(keys.proofFor(undefined)).toEqual({ kind: 'none' });
});
