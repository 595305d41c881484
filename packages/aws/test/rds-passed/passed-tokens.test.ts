import {
  databaseName,
  type PasswordVerdict,
  type ProofResult,
  type ProofWanted,
  type ServerLogin,
  userName,
} from '@pgweir/pooler';
import { HandClock } from '@pgweir/testkit';
import {
  type PassedClaim,
  PassedTokens,
  type ProvenToken,
} from '../../src/rds-passed/passed-tokens';

const HOST = 'db.abc.eu-central-1.rds.amazonaws.com';
const SERVERS = [{ host: HOST, port: 5432 }];

/** Of the right form. Only PostgreSQL could tell that nobody has signed it. */
function token(clock: HandClock, of: { user?: string; host?: string; agoMs?: number; n?: number }) {
  const { user = 'app', host = HOST, agoMs = 0, n = 0 } = of;
  const iso = new Date(clock.wallMs() - agoMs).toISOString().replace(/\.\d+/, '');
  const date = iso.replace(/[-:]/g, '');
  const scope = `AKID%2F${date.slice(0, 8)}%2Feu-central-1%2Frds-db%2Faws4_request`;
  const signature = n.toString(16).padStart(64, '0');
  return (
    `${host}:5432/?Action=connect&DBUser=${user}&X-Amz-Algorithm=AWS4-HMAC-SHA256` +
    `&X-Amz-Credential=${scope}&X-Amz-Date=${date}&X-Amz-Expires=900` +
    `&X-Amz-SignedHeaders=host&X-Amz-Signature=${signature}`
  );
}

function wordOf(verdict: PasswordVerdict): string {
  if (verdict.kind === 'accepted') return 'in';
  const isBusy = verdict.kind === 'refused' && verdict.isBusy === true;
  return isBusy ? `busy: ${verdict.why}` : verdict.why;
}

class Stage {
  readonly clock = new HandClock();
  readonly proofs: {
    readonly wanted: ProofWanted;
    readonly done: (result: ProofResult) => void;
  }[] = [];
  givenUp = 0;
  readonly told: ProvenToken[] = [];
  readonly tokens = new PassedTokens({
    clock: this.clock,
    proven: (token) => this.told.push(token),
    prove: (wanted, done) => {
      this.proofs.push({ wanted, done });
      return () => {
        this.givenUp++;
      };
    },
  });

  token(of: Parameters<typeof token>[1] = {}): string {
    return token(this.clock, of);
  }

  claim(text: string, more: Partial<PassedClaim> = {}) {
    const verdicts: string[] = [];
    const leave = this.tokens.verify(
      {
        ...{ database: databaseName('shop'), user: userName('app'), token: text },
        ...{ source: '10.0.0.9', serverName: 'shop', servers: SERVERS, ...more },
      },
      (verdict) => verdicts.push(wordOf(verdict)),
    );
    return { verdicts, leave };
  }

  end(at: number, result: ProofResult = { kind: 'proven' }): void {
    this.proofs[at]?.done(result);
  }

  /** PostgreSQL refuses what a link has logged in with. */
  refusedAtLogin(): void {
    this.tokens.begin(this.#login(HOST), () => undefined).refused(() => undefined);
  }

  lacks(): boolean {
    return this.tokens.lacks(this.#login(HOST));
  }

  #login(host: string): ServerLogin {
    return { database: databaseName('shop'), user: userName('app'), host, port: 5432 };
  }

  password(host = HOST): string | undefined {
    let found: string | undefined;
    this.tokens.begin(this.#login(host), (answer) => {
      found = answer.kind === 'password' ? answer.password : undefined;
    });
    return found;
  }
}

const REFUSED: ProofResult = { kind: 'refused', reason: '28000: PAM authentication failed' };

test('a hundred clients with one token are one login, and later ones are none', () => {
  const stage = new Stage();
  const text = stage.token();
  const clients = Array.from({ length: 100 }, () => stage.claim(text));
  expect(stage.proofs).toHaveLength(1);
  expect(stage.proofs[0]?.wanted).toEqual({
    ...{ database: 'shop', user: 'app', password: text },
    server: { host: HOST, port: 5432 },
  });
  stage.end(0);
  for (const { verdicts } of clients) expect(verdicts).toEqual(['in']);
  expect(stage.claim(text).verdicts).toEqual(['in']);
  expect(stage.proofs).toHaveLength(1);
});

test('what is proven is so for one server, database, user and token, and until it expires', () => {
  const stage = new Stage();
  const text = stage.token();
  stage.claim(text);
  stage.end(0);
  stage.claim(text, { database: databaseName('other') });
  stage.claim(text, { serverName: 'other' });
  stage.claim(stage.token({ n: 1 }));
  expect(stage.proofs).toHaveLength(4);
  stage.clock.advance(899_000);
  expect(stage.claim(text).verdicts).toEqual(['in']);
  stage.clock.advance(1_000);
  expect(stage.claim(text).verdicts).toEqual(['RDS token: expired by the clock of this host']);
});

test.each<[string, Parameters<typeof token>[1], Partial<PassedClaim>, string]>([
  ['of another user', { user: 'root' }, {}, 'of another user'],
  ['for another host', { host: 'db.example.com' }, {}, 'for a server that the database does'],
  ['for another port', {}, { servers: [{ host: HOST, port: 5433 }] }, 'for a server that'],
  ['that has expired', { agoMs: 900_000 }, {}, 'expired'],
  ['that is not valid yet', { agoMs: -310_000 }, {}, 'not valid yet'],
])('a token %s is refused, and PostgreSQL hears nothing of it', (_, of, more, why) => {
  const stage = new Stage();
  const { verdicts } = stage.claim(stage.token(of), more);
  expect(verdicts).toHaveLength(1);
  expect(verdicts[0]).toContain(why);
  expect(stage.proofs).toEqual([]);
});

test('a token from a clock that is ahead is no longer good than one of now', () => {
  const stage = new Stage();
  const text = stage.token({ agoMs: -290_000 });
  stage.claim(text);
  stage.end(0);
  stage.clock.advance(900_000);
  expect(stage.claim(text).verdicts).toEqual([]);
  expect(stage.proofs).toHaveLength(2);
  expect(stage.password()).toBeUndefined();
});

test('a refused token is not tried again, and nothing is kept of it', () => {
  const stage = new Stage();
  const text = stage.token();
  const { verdicts } = stage.claim(text);
  stage.end(0, REFUSED);
  expect(verdicts).toEqual(['RDS token: 28000: PAM authentication failed']);
  expect(stage.claim(text).verdicts).toEqual(['RDS token: refused before']);
  expect(stage.proofs).toHaveLength(1);
  expect(stage.password()).toBeUndefined();
  stage.clock.advance(60_000);
  stage.claim(text);
  expect(stage.proofs).toHaveLength(2);
});

test('a login that says nothing about the token is an error of its own, and it may be tried again', () => {
  const stage = new Stage();
  const text = stage.token();
  const error = { severity: 'FATAL', code: '57P03', message: 'starting up' } as const;
  const { verdicts } = stage.claim(text);
  stage.end(0, { kind: 'failed', error, reason: 'starting up' });
  expect(verdicts).toEqual(['starting up']);
  stage.claim(text);
  expect(stage.proofs).toHaveLength(2);
});

test('the newest token of a user is the password for its server, until it expires', () => {
  const stage = new Stage();
  const old = stage.token({ agoMs: 100_000 });
  const fresh = stage.token();
  stage.claim(fresh);
  stage.end(0);
  stage.claim(old);
  stage.end(1);
  expect(stage.password()).toBe(fresh);
  expect(stage.password('standby.abc.eu-central-1.rds.amazonaws.com')).toBeUndefined();
  stage.clock.advance(900_000);
  expect(stage.password()).toBeUndefined();
});

test('a kept token that PostgreSQL refuses later is forgotten, unless a newer one is there', () => {
  const stage = new Stage();
  const text = stage.token();
  stage.claim(text);
  stage.end(0);
  const login = { database: databaseName('shop'), user: userName('app'), host: HOST, port: 5432 };
  const early = stage.tokens.begin(login, () => undefined);
  const late = stage.tokens.begin(login, () => undefined);
  const another: boolean[] = [];
  early.refused((isThere) => another.push(isThere));
  expect(stage.password()).toBeUndefined();
  const fresh = stage.token({ n: 1 });
  stage.claim(fresh);
  stage.end(1);
  late.refused((isThere) => another.push(isThere));
  expect(another).toEqual([false, false]);
  expect(stage.password()).toBe(fresh);
});

test('a token that was proven, and was refused later, is proven anew when it is shown', () => {
  const stage = new Stage();
  const text = stage.token();
  stage.claim(text);
  stage.end(0);
  stage.refusedAtLogin();
  expect(stage.claim(text).verdicts).toEqual([]);
  stage.end(1);
  expect(stage.password()).toBe(text);
});

test('when the newest token is refused an older one that is shown again takes its place', () => {
  const stage = new Stage();
  const old = stage.token({ agoMs: 100_000 });
  stage.claim(old);
  stage.end(0);
  stage.claim(stage.token());
  stage.end(1);
  stage.refusedAtLogin();
  expect(stage.lacks()).toBe(true);
  expect(stage.claim(old).verdicts).toEqual(['in']);
  expect(stage.lacks()).toBe(false);
  expect(stage.password()).toBe(old);
  expect(stage.proofs).toHaveLength(2);
});

test('what was proven is told, and whoever hears of it asks PostgreSQL no more', () => {
  const stage = new Stage();
  const text = stage.token();
  stage.claim(text);
  stage.end(0);
  expect(stage.told).toHaveLength(1);
  const other = new Stage();
  for (const proven of stage.told) other.tokens.heard(proven);
  expect(other.claim(text).verdicts).toEqual(['in']);
  expect(other.password()).toBe(text);
  expect(other.claim(text, { serverName: 'other' }).verdicts).toEqual([]);
  expect(other.told).toEqual([]);
  const late = new Stage();
  late.clock.advance(900_000);
  for (const proven of stage.told) late.tokens.heard(proven);
  expect(late.password()).toBeUndefined();
});

test('of one address eight tokens are tried at a time, and those of others are not held up', () => {
  const stage = new Stage();
  for (let n = 0; n < 50; n++) stage.claim(stage.token({ n }));
  expect(stage.proofs).toHaveLength(8);
  stage.claim(stage.token({ n: 99 }), { source: '10.0.0.1' });
  expect(stage.proofs).toHaveLength(9);
  stage.end(0);
  expect(stage.proofs).toHaveLength(10);
  for (let n = 100; n < 120; n++) stage.claim(stage.token({ n }), { source: `10.0.1.${n}` });
  expect(stage.proofs).toHaveLength(17);
});

test('an address whose tokens were refused too often waits, and others do not', () => {
  const stage = new Stage();
  const guesses = Array.from({ length: 50 }, (_, n) => stage.claim(stage.token({ n })));
  for (let at = 0; at < stage.proofs.length; at++) {
    stage.end(at, REFUSED);
    stage.clock.advance(0);
  }
  const TOO_MANY = 'busy: RDS token: too many from this address were refused';
  // Those that were under way already count as well.
  expect(stage.proofs.length).toBeGreaterThanOrEqual(20);
  expect(stage.proofs.length).toBeLessThanOrEqual(28);
  expect(guesses.filter(({ verdicts }) => verdicts[0] === TOO_MANY).length).toBeGreaterThan(20);
  expect(guesses.every(({ verdicts }) => verdicts.length === 1)).toBe(true);
  // Nobody has judged those that waited: from elsewhere they are as good as any.
  const unjudged = guesses.findIndex(({ verdicts }) => verdicts[0] === TOO_MANY);
  const elsewhere = stage.claim(stage.token({ n: unjudged }), { source: '10.0.0.7' });
  stage.end(stage.proofs.length - 1);
  expect(elsewhere.verdicts).toEqual(['in']);
  const before = stage.proofs.length;
  expect(stage.claim(stage.token({ n: 200 })).verdicts).toEqual([TOO_MANY]);
  stage.claim(stage.token({ n: 201 }), { source: '10.0.0.1' });
  expect(stage.proofs).toHaveLength(before + 1);
  stage.clock.advance(120_000);
  stage.claim(stage.token({ n: 202 }));
  expect(stage.proofs).toHaveLength(before + 2);
});

test('when all who wait for a proof have left it is given up, and not before', () => {
  const stage = new Stage();
  const text = stage.token();
  const one = stage.claim(text);
  const other = stage.claim(text);
  one.leave();
  one.leave();
  expect(stage.givenUp).toBe(0);
  other.leave();
  expect(stage.givenUp).toBe(1);
  // The login had begun: whoever comes meanwhile hears what it came to.
  const late = stage.claim(text);
  stage.end(0);
  expect([one.verdicts, other.verdicts, late.verdicts]).toEqual([[], [], ['in']]);
  expect(stage.proofs).toHaveLength(1);
});

test('one that leaves while it waits for its turn is never tried', () => {
  const stage = new Stage();
  for (let n = 0; n < 8; n++) stage.claim(stage.token({ n }));
  const queued = stage.claim(stage.token({ n: 8 }));
  queued.leave();
  for (let at = 0; at < 8; at++) stage.end(at);
  expect(stage.proofs).toHaveLength(8);
});

test('a database whose proofs do not get on holds up no other, not even for the same address', () => {
  const stage = new Stage();
  for (let n = 0; n < 40; n++) stage.claim(stage.token({ n }), { source: `10.0.0.${n % 2}` });
  expect(stage.proofs).toHaveLength(16);
  const other = { database: databaseName('other') };
  stage.claim(stage.token({ n: 50 }), { ...other, source: '10.0.0.0' });
  stage.claim(stage.token({ n: 51 }), { ...other, source: '10.0.0.9' });
  stage.claim(stage.token({ n: 52 }), { ...other, source: '10.0.0.9' });
  expect(stage.proofs).toHaveLength(18);
  expect(stage.proofs[16]?.wanted.database).toBe('other');
  stage.end(17);
  expect(stage.proofs).toHaveLength(19);
});

test('one address has no more than thirty-two tried at a time, however many databases it names', () => {
  const stage = new Stage();
  for (let n = 0; n < 100; n++)
    stage.claim(stage.token({ n }), { database: databaseName(`made-up-${n}`) });
  expect(stage.proofs).toHaveLength(32);
});
