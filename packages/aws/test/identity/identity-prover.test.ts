import { HandClock } from '@pgweir/testkit';
import {
  IdentityProver,
  type IdentityVerdict,
  UNWANTED_MS,
} from '../../src/identity/identity-prover';
import { REFUSAL_MS } from '../../src/identity/known-answers';
import type { StsRequest } from '../../src/identity/read-token';
import { REFUSALS_MAX } from '../../src/identity/refusal-counts';
import type { StsAnswer } from '../../src/identity/sts-answer';
import { RULES, signed, tokenOf, urlOf } from './tokens';

const ARN = 'arn:aws:iam::123456789012:user/ann';
const KNOWN: StsAnswer = {
  kind: 'identity',
  identity: { arn: ARN, account: '123456789012', userId: 'AIDAX' },
};
const WRONG: StsAnswer = { kind: 'refused', why: 'STS: SignatureDoesNotMatch (403)' };
const DOWN: StsAnswer = { kind: 'unavailable', why: 'STS: ServiceUnavailable (503)' };

/** Answers when the test says so. */
class HeldSts {
  readonly asked: { readonly request: StsRequest; readonly signal: AbortSignal }[] = [];
  readonly #answers: ((answer: StsAnswer) => void)[] = [];

  ask(request: StsRequest, signal: AbortSignal): Promise<StsAnswer> {
    this.asked.push({ request, signal });
    return new Promise((resolve) => this.#answers.push(resolve));
  }

  /** To all who are waiting. */
  async answer(answer: StsAnswer): Promise<void> {
    for (const resolve of this.#answers.splice(0)) resolve(answer);
    await settled();
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

let sts: HeldSts;
let clock: HandClock;
let prover: IdentityProver;

const LIMITS = { running: 4, runningOfOne: 2, waiting: 6, waitingOfOne: 3 };

beforeEach(() => {
  sts = new HeldSts();
  clock = new HandClock();
  prover = new IdentityProver({ sts, clock, limits: LIMITS });
});

/** One that nobody else has. */
let serial = 0;
function token({ expiresS = 900, aheadMs = 0 } = {}): Promise<string> {
  serial++;
  const credentials = { accessKeyId: `AKIAEXAMPLE${serial + 100_000}`, secretAccessKey: 'x' };
  // X-Amz-Date has whole seconds.
  const at = new Date(Math.floor((clock.wallMs() + aheadMs) / 1000) * 1000);
  return signed({ credentials, expiresS, at });
}

interface Try {
  verdict: IdentityVerdict | undefined;
  readonly giveUp: () => void;
}

function prove(text: string, address = '192.0.2.1', accepts = () => true): Try {
  let early: IdentityVerdict | undefined;
  let begun: Try | undefined;
  const giveUp = prover.prove({ token: text, address, rules: RULES, accepts }, (said) => {
    if (begun === undefined) early = said;
    else begun.verdict = said;
  });
  begun = { verdict: early, giveUp };
  return begun;
}

test('equal tokens are asked about once while they wait, and not again until they expire', async () => {
  const text = await token({ expiresS: 60 });
  const tries = [prove(text), prove(text, '192.0.2.2'), prove(text)];
  await settled();
  expect(sts.asked).toHaveLength(1);
  await sts.answer(KNOWN);
  for (const { verdict } of tries) {
    expect(verdict).toMatchObject({ kind: 'proven', identity: { arn: ARN } });
  }
  clock.advance(58_000);
  expect(prove(text).verdict).toMatchObject({ kind: 'proven' });
  expect(sts.asked).toHaveLength(1);
  clock.advance(2000);
  expect(prove(text).verdict).toMatchObject({
    ...{ kind: 'refused', why: expect.stringMatching(/^the token has expired/), isBusy: false },
  });
  expect(sts.asked).toHaveLength(1);
});

test('a refusal is remembered for a short time', async () => {
  const text = await token();
  const first = prove(text);
  await settled();
  await sts.answer(WRONG);
  expect(first.verdict).toEqual({ kind: 'refused', why: WRONG.why, isBusy: false });
  expect(prove(text).verdict).toEqual(first.verdict);
  clock.advance(REFUSAL_MS);
  const again = prove(text);
  await sts.answer(KNOWN);
  expect(again.verdict).toMatchObject({ kind: 'proven' });
});

test('that STS is down is not remembered', async () => {
  const text = await token();
  const first = prove(text);
  await settled();
  await sts.answer(DOWN);
  expect(first.verdict).toEqual({ kind: 'refused', why: DOWN.why, isBusy: false });
  const again = prove(text);
  await sts.answer(KNOWN);
  expect(again.verdict).toMatchObject({ kind: 'proven' });
});

test('a token that is not what it should be is refused without asking', async () => {
  expect(prove('pgweir-iam-v1.AAAA').verdict).toMatchObject({ kind: 'refused' });
  expect(prove(await token({ aheadMs: 400_000 })).verdict).toMatchObject({
    why: expect.stringMatching(/^the token is not yet valid/),
  });
  expect(sts.asked).toEqual([]);
});

test('a token that expires while it is asked about proves nothing', async () => {
  const text = await token({ expiresS: 2 });
  const only = prove(text);
  await settled();
  clock.advance(2000);
  await sts.answer(KNOWN);
  const why = 'the token has expired while it was asked about';
  expect(only.verdict).toEqual({ kind: 'refused', why, isBusy: false });
});

test('a question that was asked counts, and is good for whoever comes later, though all have given up', async () => {
  const text = await token();
  const [one, two] = [prove(text), prove(text)];
  await settled();
  one.giveUp();
  one.giveUp();
  two.giveUp();
  const late = prove(text);
  expect(sts.asked).toHaveLength(1);
  await sts.answer(KNOWN);
  expect([one.verdict, two.verdict]).toEqual([undefined, undefined]);
  expect(late.verdict).toMatchObject({ kind: 'proven' });
  const other = await token();
  prove(other).giveUp();
  await sts.answer(KNOWN);
  expect(prove(other).verdict).toMatchObject({ kind: 'proven' });
});

test('an answer that nobody wants is not waited for long, and whoever comes meanwhile keeps it', async () => {
  const [text, other] = [await token(), await token()];
  prove(text).giveUp();
  prove(other).giveUp();
  clock.advance(UNWANTED_MS - 1);
  const late = prove(other);
  clock.advance(1);
  expect(sts.asked.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  expect(clock.pending).toBe(0);
  prove(text);
  await sts.answer(KNOWN);
  expect(late.verdict).toMatchObject({ kind: 'proven' });
});

test('an address has half of the turns at most, and beyond its places nobody waits', async () => {
  const tries: Try[] = [];
  for (let i = 0; i < 6; i++) tries.push(prove(await token(), 'a'));
  expect(sts.asked).toHaveLength(2);
  expect(tries.map(({ verdict }) => verdict?.kind)).toEqual([
    ...[undefined, undefined, undefined, undefined, undefined, 'refused'],
  ]);
  expect(tries[5]?.verdict).toMatchObject({ isBusy: true });
  const other = prove(await token(), 'b');
  expect(sts.asked).toHaveLength(3);
  await sts.answer(KNOWN);
  expect(other.verdict).toMatchObject({ kind: 'proven' });
  await sts.answer(KNOWN);
  await sts.answer(KNOWN);
  expect(tries.filter(({ verdict }) => verdict?.kind === 'proven')).toHaveLength(5);
});

test('one who gives up in the queue is never asked about, and makes room', async () => {
  const tries: Try[] = [];
  for (let i = 0; i < 5; i++) tries.push(prove(await token(), 'a'));
  tries[2]?.giveUp();
  const next = prove(await token(), 'a');
  expect(next.verdict).toBeUndefined();
  for (let i = 0; i < 3; i++) await sts.answer(KNOWN);
  expect(sts.asked).toHaveLength(5);
  expect(next.verdict).toMatchObject({ kind: 'proven' });
});

test('an address that brings bad tokens is asked about less and less, others are not', async () => {
  for (let i = 0; i < REFUSALS_MAX; i++) {
    prove(await token(), 'enemy');
    await settled();
    await sts.answer(WRONG);
  }
  const before = sts.asked.length;
  expect(before).toBe(REFUSALS_MAX);
  expect(prove(await token(), 'enemy').verdict).toEqual({
    kind: 'refused',
    why: 'too many tokens from this address were refused lately',
    isBusy: true,
  });
  expect(sts.asked).toHaveLength(before);
  prove(await token(), 'friend');
  expect(sts.asked).toHaveLength(before + 1);
  clock.advance(1000);
  prove(await token(), 'enemy');
  expect(sts.asked).toHaveLength(before + 2);
});

test('what is known already is good for everybody, also from an address with bad tokens', async () => {
  const good = await token();
  prove(good, 'nat');
  await settled();
  await sts.answer(KNOWN);
  for (let i = 0; i < REFUSALS_MAX; i++) {
    prove(await token(), 'nat');
    await settled();
    await sts.answer(WRONG);
  }
  expect(prove(good, 'nat').verdict).toMatchObject({ kind: 'proven' });
});

test.each<[string, StsAnswer, () => boolean, boolean]>([
  ['of somebody whom nothing lets in', KNOWN, () => false, false],
  ['whose clients hang up at once', WRONG, () => true, true],
])('tokens %s count as bad ones do', async (_, answer, accepts, hangsUp) => {
  for (let i = 0; i < 3 * REFUSALS_MAX; i++) {
    const { giveUp } = prove(await token(), 'enemy', accepts);
    if (hangsUp) giveUp();
    await sts.answer(answer);
  }
  expect(sts.asked).toHaveLength(REFUSALS_MAX);
});

test('clients that are good and hang up while STS is slow are not counted as bad', async () => {
  for (let i = 0; i < 2 * REFUSALS_MAX; i++) {
    prove(await token(), 'slow').giveUp();
    await sts.answer(KNOWN);
  }
  expect(sts.asked).toHaveLength(2 * REFUSALS_MAX);
});

test('tokens that wait are not asked about when others of their address are refused meanwhile', async () => {
  const many = { running: 1, runningOfOne: 1, waiting: 100, waitingOfOne: 100 };
  prover = new IdentityProver({ sts, clock, limits: many });
  const tries: Try[] = [];
  for (let i = 0; i < 2 * REFUSALS_MAX; i++) tries.push(prove(await token(), 'enemy'));
  for (let i = 0; i < 2 * REFUSALS_MAX; i++) await sts.answer(WRONG);
  expect(sts.asked).toHaveLength(REFUSALS_MAX);
  expect(tries.at(-1)?.verdict).toMatchObject({ kind: 'refused', isBusy: true });
});

test('so many questions are asked for one address, and for all, however good the tokens are', async () => {
  const rates = { all: { burst: 8, perSecond: 1 }, ofOne: { burst: 5, perSecond: 1 } };
  prover = new IdentityProver({ sts, clock, rates });
  const outcomes = async (address: string, count: number) => {
    const tries: Try[] = [];
    for (let i = 0; i < count; i++) tries.push(prove(await token(), address));
    await sts.answer(KNOWN);
    return tries.filter(({ verdict }) => verdict?.kind === 'proven').length;
  };
  expect(await outcomes('a', 10)).toBe(5);
  expect(await outcomes('b', 10)).toBe(3);
  clock.advance(2_000);
  expect(await outcomes('c', 10)).toBe(2);
});

test('one token that is written in several ways is asked about once', async () => {
  const text = await token();
  prove(text);
  await sts.answer(KNOWN);
  const [, name = ''] = /X-Amz-Credential=(A)/.exec(urlOf(text)) ?? [];
  expect(name).toBe('A');
  const escaped = tokenOf(urlOf(text).replace('X-Amz-Credential=A', 'X-Amz-Credential=%41'));
  for (const same of [`${text}=`, `${text}==`, escaped]) {
    expect(prove(same).verdict).toMatchObject({ kind: 'proven' });
  }
  expect(sts.asked).toHaveLength(1);
});
