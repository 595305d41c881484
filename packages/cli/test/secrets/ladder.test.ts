import type { PasswordTry, ServerPasswordAnswer } from '@pgweir/pooler';
import { HandClock } from '@pgweir/testkit';
import * as fc from 'fast-check';
import { type Candidate, Ladder, SEARCH_LEFT_MS } from '../../src/secrets/ladder';

const candidate = (password: string): Candidate => ({ user: 'app', password });

/** A ladder, and a database that takes one password. */
class Stage {
  readonly clock = new HandClock();
  candidates: Candidate[];
  /** What the store has; a renewal finds it. */
  fresh: Candidate[];
  accepted: string;
  renewals = 0;
  /** Passwords that the database was shown. */
  readonly shown: string[] = [];
  readonly #renewed: (() => void)[] = [];
  readonly ladder = new Ladder({
    clock: this.clock,
    candidates: () => this.candidates,
    renew: (done) => {
      this.renewals++;
      this.#renewed.push(done);
    },
  });

  constructor(passwords: readonly string[], accepted: string) {
    this.candidates = passwords.map(candidate);
    this.fresh = this.candidates;
    this.accepted = accepted;
  }

  store(...passwords: readonly string[]): void {
    this.fresh = passwords.map(candidate);
  }

  renewed(): void {
    this.candidates = this.fresh;
    for (const done of this.#renewed.splice(0)) done();
  }

  login(): Login {
    return new Login(this);
  }
}

/** One login as the pooler makes it, and once more where that makes sense. */
class Login {
  answer: ServerPasswordAnswer | undefined;
  another: boolean | undefined;
  readonly #stage: Stage;
  readonly trial: PasswordTry;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.trial = stage.ladder.begin((answer) => {
      this.answer = answer;
    });
  }

  get password(): string | undefined {
    return this.answer?.kind === 'password' ? this.answer.password : undefined;
  }

  /** The database says what it thinks of it. */
  judge(): this {
    const { password } = this;
    if (password === undefined) return this;
    this.#stage.shown.push(password);
    if (password === this.#stage.accepted) this.trial.accepted();
    else {
      this.trial.refused((another) => {
        this.another = another;
      });
    }
    return this;
  }
}

test('as long as the first is taken all logins get it at once, and nothing is read again', () => {
  const stage = new Stage(['current', 'previous'], 'current');
  const logins = Array.from({ length: 20 }, () => stage.login());
  expect(logins.map(({ password }) => password)).toEqual(Array(20).fill('current'));
  for (const login of logins) login.judge();
  expect(stage.renewals).toBe(0);
});

test('a rotation of one user: current is refused, what is pending is read once, and works from then on', () => {
  const stage = new Stage(['current'], 'pending');
  stage.store('current', 'pending', 'previous');
  const logins = Array.from({ length: 5 }, () => stage.login());
  for (const login of logins) login.judge();
  expect(stage.renewals).toBe(1);
  expect(logins.map(({ another }) => another)).toEqual(Array(5).fill(undefined));
  stage.renewed();
  expect(logins.map(({ another }) => another)).toEqual(Array(5).fill(true));
  const again = Array.from({ length: 5 }, () => stage.login());
  // One tries it, the others wait for what comes of that.
  expect(again.map(({ password }) => password)).toEqual(['pending', ...Array(4).fill(undefined)]);
  again[0]?.judge();
  expect(again.map(({ password }) => password)).toEqual(Array(5).fill('pending'));
  for (const login of again.slice(1)) login.judge();
  expect(stage.login().judge().password).toBe('pending');
  expect(stage.renewals).toBe(1);
  // AWSCURRENT moves.
  stage.store('pending', 'current');
  stage.candidates = stage.fresh;
  expect(stage.login().judge().password).toBe('pending');
});

test('what is current by now goes before what is pending', () => {
  const stage = new Stage(['old'], 'new');
  stage.store('new', 'next', 'old');
  const login = stage.login().judge();
  stage.renewed();
  expect(login.another).toBe(true);
  expect(stage.login().judge().password).toBe('new');
  expect(stage.shown).toEqual(['old', 'new']);
});

test('a rotation that was taken back: what was found is refused, and the current one tried again', () => {
  const stage = new Stage(['current', 'pending'], 'pending');
  stage.login().judge();
  stage.renewed();
  stage.login().judge();
  stage.accepted = 'current';
  const login = stage.login().judge();
  stage.renewed();
  expect(login.another).toBe(true);
  expect(stage.login().judge().password).toBe('current');
});

test('each is tried once; when all are refused logins fail, also those that wait', () => {
  const stage = new Stage(['current', 'pending', 'previous'], 'other');
  const first = stage.login().judge();
  stage.renewed();
  expect(first.another).toBe(true);
  const second = stage.login().judge();
  expect(second.another).toBe(true);
  const third = stage.login();
  const waiting = stage.login();
  third.judge();
  expect(third.another).toBe(false);
  expect(waiting.answer).toMatchObject({ kind: 'none' });
  expect(stage.shown).toEqual(['current', 'pending', 'previous']);
});

test('logins that were under way when all had been tried do not begin again', () => {
  const stage = new Stage(['current'], 'other');
  const logins = Array.from({ length: 10 }, () => stage.login());
  logins[0]?.judge();
  stage.renewed();
  for (const login of logins.slice(1)) login.judge();
  expect(logins.map(({ another }) => another)).toEqual(Array(10).fill(false));
  expect(stage.renewals).toBe(1);
});

test('what was in vain is not tried in full again for half a minute, unless there is something new', () => {
  const stage = new Stage(['current', 'pending', 'previous'], 'other');
  const round = (): readonly string[] => {
    stage.shown.length = 0;
    for (let login = stage.login().judge(); ; login = stage.login().judge()) {
      stage.renewed();
      if (login.another !== true) return [...stage.shown];
    }
  };
  expect(round()).toEqual(['current', 'pending', 'previous']);
  expect(round()).toEqual(['current']);
  stage.clock.advance(29_000);
  expect(round()).toEqual(['current']);
  stage.store('current', 'pending-2', 'previous');
  expect(round()).toEqual(['current', 'pending-2', 'previous']);
  stage.clock.advance(30_000);
  expect(round()).toEqual(['current', 'pending-2', 'previous']);
});

test('one that tries the next and vanishes is replaced by one that waits', () => {
  const stage = new Stage(['current', 'pending'], 'pending');
  stage.login().judge();
  stage.renewed();
  const [scout, next] = [stage.login(), stage.login()];
  expect(next.answer).toBeUndefined();
  scout.trial.giveUp();
  expect(next.password).toBe('pending');
});

test('one that gives up while it waits gets no answer', () => {
  const stage = new Stage(['current', 'pending'], 'pending');
  stage.login().judge();
  const waiting = stage.login();
  waiting.trial.giveUp();
  stage.renewed();
  stage.login().judge();
  expect(waiting.answer).toBeUndefined();
});

test('a search that nobody goes on with is begun anew by whoever comes later', () => {
  const stage = new Stage(['current', 'previous'], 'newest');
  stage.login().judge();
  stage.renewed();
  expect(stage.ladder.isIdle).toBe(false);
  stage.clock.advance(SEARCH_LEFT_MS);
  expect(stage.ladder.isIdle).toBe(true);
  stage.store('newest', 'current');
  stage.candidates = stage.fresh;
  expect(stage.login().judge().password).toBe('newest');
  expect(stage.ladder.isIdle).toBe(true);
  // Nor does it keep one from being read again that is changed then.
  stage.accepted = 'pending';
  stage.store('newest', 'pending');
  const login = stage.login().judge();
  expect(stage.renewals).toBe(2);
  stage.renewed();
  expect(login.another).toBe(true);
  expect(stage.login().judge().password).toBe('pending');
});

test('a login that is refused long after its search was left has the secret read again', () => {
  const stage = new Stage(['current', 'previous'], 'pending');
  const [first, late] = [stage.login(), stage.login()];
  first.judge();
  stage.renewed();
  stage.clock.advance(SEARCH_LEFT_MS);
  stage.store('current', 'pending');
  late.judge();
  stage.renewed();
  expect(late.another).toBe(true);
  expect(stage.login().judge().password).toBe('pending');
});

test('a search goes on as long as its next login or its reading take', () => {
  const stage = new Stage(['current', 'pending'], 'pending');
  stage.login().judge();
  stage.clock.advance(SEARCH_LEFT_MS);
  const waiting = stage.login();
  expect(waiting.answer).toBeUndefined();
  stage.renewed();
  expect(waiting.password).toBe('pending');
  stage.clock.advance(SEARCH_LEFT_MS);
  expect(stage.login().answer).toBeUndefined();
  expect(stage.renewals).toBe(1);
});

test('without any candidate there is no password', () => {
  expect(new Stage([], 'x').login().answer).toMatchObject({ kind: 'none' });
});

test('whatever comes in whatever order: every login is answered, and refusals stay few', () => {
  const step = fc.constantFrom('begin', 'judge', 'renewed', 'give up', 'rotate', 'time');
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 200 }),
      fc.infiniteStream(fc.nat()),
      (steps, random) => {
        const stage = new Stage(['p0'], 'p0');
        let version = 0;
        const open: Login[] = [];
        const decided: Login[] = [];
        const pick = (): Login | undefined => {
          const at = Number(random.next().value ?? 0) % Math.max(1, open.length);
          return open.splice(at, 1)[0];
        };
        for (const what of steps) {
          if (what === 'begin') open.push(stage.login());
          else if (what === 'renewed') stage.renewed();
          else if (what === 'time') stage.clock.advance(31_000);
          else if (what === 'give up') pick()?.trial.giveUp();
          else if (what === 'rotate') {
            version++;
            stage.accepted = `p${version}`;
            stage.store(`p${version - 1}`, `p${version}`);
          } else {
            const login = pick();
            if (login?.answer === undefined) {
              if (login !== undefined) open.push(login);
            } else decided.push(login.judge());
          }
        }
        // Whoever is still there gets an answer, if all go on as they should.
        for (let round = 0; round < 5; round++) {
          stage.renewed();
          for (const login of open.splice(0)) {
            if (login.answer === undefined) open.push(login);
            else decided.push(login.judge());
          }
        }
        stage.renewed();
        expect(open.filter(({ answer }) => answer === undefined)).toEqual([]);
        for (const login of decided) {
          const wasRefused = login.password !== undefined && login.another !== undefined;
          expect(wasRefused || login.answer !== undefined).toBe(true);
        }
        // And the next ones find what the database takes.
        for (let i = 0; i < 6; i++) {
          const login = stage.login().judge();
          stage.renewed();
          if (login.password === stage.accepted) return;
          if (login.another !== true) stage.clock.advance(31_000);
        }
        throw new Error(`the ladder never offers ${stage.accepted}`);
      },
    ),
    { numRuns: 300 },
  );
});
