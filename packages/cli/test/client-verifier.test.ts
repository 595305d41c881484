import {
  type ClientVerifier,
  databaseName,
  type PasswordJudge,
  type PasswordVerdict,
  userName,
} from '@pgweir/pooler';
import { VerifierDesk } from '../src/client-verifier';

const saying = (why: string): ClientVerifier => ({
  verify: (_, decided) => {
    decided({ kind: 'refused', why });
    return () => undefined;
  },
});

function ask(judge: PasswordJudge, password = 'tea'): PasswordVerdict | undefined {
  const desk = new VerifierDesk({ directory: saying('LDAP'), iam: saying('IAM') });
  const claim = {
    ...{ database: databaseName('shop'), user: userName('ann'), address: 'unix' },
    ...{ judge, password },
  };
  let verdict: PasswordVerdict | undefined;
  desk.verify(claim, (said) => {
    verdict = said;
  });
  return verdict;
}

test('what is stored decides where nobody else is asked', () => {
  const judge = { kind: 'secret', stored: { kind: 'plain', password: 'tea' } } as const;
  expect(ask(judge)).toEqual({ kind: 'accepted' });
  expect(ask(judge, 'milk')).toEqual({ kind: 'refused', why: '' });
  expect(ask({ kind: 'secret', stored: undefined })).toEqual({ kind: 'refused', why: '' });
});

test('a directory or IAM decides where it is asked', () => {
  expect(ask({ kind: 'directory', options: undefined })).toEqual({ kind: 'refused', why: 'LDAP' });
  expect(ask({ kind: 'iam', options: undefined })).toEqual({ kind: 'refused', why: 'IAM' });
});
