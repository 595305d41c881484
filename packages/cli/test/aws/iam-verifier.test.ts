import { makeIdentityToken } from '@pgweir/aws';
import {
  databaseName,
  type PasswordClaim,
  type PasswordJudge,
  type PasswordVerdict,
  userName,
} from '@pgweir/pooler';
import { AwsKeys, type FakeSts, HandClock, startFakeSts } from '@pgweir/testkit';
import type { IamMapEntry } from '../../src/aws/iam-map';
import { IamOptions } from '../../src/aws/iam-options';
import { IamVerifier } from '../../src/aws/iam-verifier';
import { StsIdentities } from '../../src/aws/sts-identities';

const HOST = 'pgweir.example.org';
const keys = new AwsKeys();
const ann = keys.addUser('ann');
const MAP: readonly IamMapEntry[] = [
  { principal: { kind: 'exact', arn: ann.arn }, user: { kind: 'name', name: 'ann' } },
];
const OPTIONS = new IamOptions(
  { serverNames: [HOST], regions: ['us-east-1'] },
  { name: 'iam', entries: MAP },
);

class Clocks extends HandClock {
  override wallMs(): number {
    return Date.now();
  }
}

let sts: FakeSts;
let verifier: IamVerifier;

beforeEach(async () => {
  sts = await startFakeSts({ keys });
  verifier = new IamVerifier([new StsIdentities(new Clocks(), sts.url)]);
});

afterEach(() => sts.stop());

function verify(claim: Partial<PasswordClaim> = {}): Promise<PasswordVerdict> {
  const judge: PasswordJudge = { kind: 'iam', options: OPTIONS };
  const whole = {
    ...{ database: databaseName('shop'), user: userName('ann'), password: '', judge },
    ...{ address: '192.0.2.1', ...claim },
  };
  return new Promise((resolve) => verifier.verify(whole, resolve));
}

const token = (credentials = ann) =>
  makeIdentityToken({ host: HOST, region: 'us-east-1', credentials });

test('whom STS and the map know is accepted, under the name that STS has for it', async () => {
  expect(await verify({ password: await token() })).toEqual({
    ...{ kind: 'accepted', identity: ann.arn },
  });
});

test('another user than the map says is refused, and the log is told who it was', async () => {
  expect(await verify({ password: await token(), user: userName('postgres') })).toEqual({
    ...{ kind: 'refused', why: `${ann.arn} may not be this user (map iam)` },
  });
});

test('what is no token, and options of others, ask nobody', async () => {
  expect(await verify({ password: 'tea' })).toEqual({
    ...{ kind: 'refused', why: 'the password is no token of a kind that is known' },
  });
  for (const options of [undefined, { ...OPTIONS }]) {
    const judge: PasswordJudge = { kind: 'iam', options };
    expect(await verify({ password: await token(), judge })).toEqual({
      ...{ kind: 'refused', why: 'IAM is not configured' },
    });
  }
  expect(sts.endpoint.requests).toEqual([]);
});

test('all addresses of one IPv6 network count as one', async () => {
  const wrong = { ...ann, secretAccessKey: 'guessed' };
  // Of one second each: no two are the same token.
  const nowMs = Date.now();
  for (let i = 1; i <= 20; i++) {
    const at = new Date(nowMs - i * 1000);
    const password = await makeIdentityToken({
      ...{ host: HOST, region: 'us-east-1', credentials: wrong, at },
    });
    await verify({ password, address: `2001:db8::${i}` });
  }
  expect(sts.endpoint.requests).toHaveLength(20);
  const next = { password: await token() };
  expect(await verify({ ...next, address: '2001:db8::ffff' })).toMatchObject({ isBusy: true });
  expect(await verify({ ...next, address: '2001:db8:0:1::1' })).toMatchObject({ kind: 'accepted' });
});
