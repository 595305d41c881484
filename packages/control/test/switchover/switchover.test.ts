import { hasReached } from '../../src/switchover/log-positions';
import { Rig } from './rig';

const DONE = { kind: 'done' };
const calledOff = (reason: RegExp) => ({
  ...{ kind: 'called off', reason: expect.stringMatching(reason) },
});
const unfinished = (reason: RegExp) => ({
  ...{ kind: 'unfinished', reason: expect.stringMatching(reason) },
});

/** Nothing was held, and nobody was demoted. */
function expectUntouched({ events, target }: Rig): void {
  expect(events.filter((event) => event !== 'call off')).toEqual([]);
  expect(target.told).toBe(0);
}

/** Work goes on as it did. */
function expectCalledOff({ events, target, isUnderWay }: Rig, ...before: readonly string[]): void {
  expect(events).toEqual([...before, 'call off']);
  expect(target.told).toBe(0);
  expect(isUnderWay).toBe(false);
}

test('holds, drains, demotes, promotes, and ends when the target leads', async () => {
  const rig = new Rig();
  rig.leases = 2;
  rig.begin();
  await rig.after(100);
  expect(rig.events).toEqual(['hold']);
  expect(rig.switchover.stage).toBe('holding');
  rig.leases = 0;
  expect(await rig.after(300)).toEqual(DONE);
  expect(rig.events).toEqual(['hold', 'demote']);
  expect(rig.target.told).toBe(1);
  expect([rig.primary.isClosed, rig.target.isClosed]).toEqual([true, true]);
  expect(rig.switchover.stage).toBe('over');
  expect(rig.clock.pending).toBe(0);
  const steps = rig.log.lines.map(({ message }) => message.replace('switchover to b:5432: ', ''));
  expect(steps).toEqual(['holding', 'demoting', 'promoting', 'done']);
});

describe('is refused before anything is held', () => {
  test.each<[string, (rig: Rig) => unknown, RegExp]>([
    ['nobody can demote', (rig) => Object.assign(rig, { obstacle: 'no command' }), /^no command$/],
    [
      'it may not promote',
      (rig) => Object.assign(rig.target, { grants: false }),
      /may not promote b:5432: GRANT/,
    ],
    [
      'the target does not answer',
      (rig) => Object.assign(rig.target, { isAlive: false }),
      /b:5432 cannot be ask/,
    ],
    [
      'the primary does not answer',
      (rig) => Object.assign(rig.primary, { isAlive: false }),
      /a:5432 cannot be as/,
    ],
    [
      'the primary is none',
      (rig) => Object.assign(rig.primary, { inRecovery: true }),
      /a:5432 is a replica now/,
    ],
    [
      'the target is a primary',
      (rig) => Object.assign(rig.target, { inRecovery: false }),
      /b:5432 is a primary/,
    ],
    ['the watch says no', (rig) => Object.assign(rig, { begins: 'not now' }), /^not now$/],
  ])('because %s', async (_why, spoil, reason) => {
    const rig = new Rig();
    rig.accepts = false;
    spoil(rig);
    expect(await rig.begin().after(50)).toEqual(calledOff(reason));
    expectUntouched(rig);
    expect([rig.primary.isClosed, rig.target.isClosed]).toEqual([true, true]);
  });

  test.each<[string, (rig: Rig) => unknown, RegExp]>([
    [
      'is far behind',
      (rig) => Object.assign(rig.target, { reached: 1n }),
      /was 999 bytes behind after 10 s/,
    ],
    [
      'receives nothing',
      (rig) => Object.assign(rig.target, { receives: false }),
      /was not connected .* 10 s/,
    ],
  ])('because the target %s, but not at once', async (_why, spoil, reason) => {
    const rig = new Rig();
    spoil(rig);
    expect(await rig.begin().after(9_900)).toBeUndefined();
    expect(await rig.after(200)).toEqual(calledOff(reason));
    expectUntouched(rig);
  });
});

describe('is called off before the demotion', () => {
  test('when clients do not end in time', async () => {
    const rig = new Rig();
    rig.leases = 3;
    expect(await rig.begin().after(9_900)).toBeUndefined();
    const reason = /3 of its connections in use \(.*\) after 10 s \(switchover_timeout\)/;
    expect(await rig.after(200)).toEqual(calledOff(reason));
    expectCalledOff(rig, 'hold');
  });

  test('when a worker does not say what it has lent', async () => {
    const rig = new Rig();
    rig.countLeases = () => Promise.reject(new Error('worker 2 does not answer'));
    expect(await rig.begin().after(10_100)).toEqual(calledOff(/worker 2 does not answer/));
    expectCalledOff(rig, 'hold');
  });

  test('when the target does not get what clients wrote last', async () => {
    const rig = new Rig();
    rig.leases = 1;
    await rig.begin().after(100);
    rig.primary.reached += 50n;
    rig.leases = 0;
    expect(await rig.after(10_100)).toEqual(calledOff(/b:5432 was 50 bytes behind/));
    expectCalledOff(rig, 'hold');
  });

  test('when the primary is lost meanwhile', async () => {
    const rig = new Rig();
    rig.leases = 1;
    await rig.begin().after(100);
    rig.primary.isAlive = false;
    expect(await rig.after(50)).toEqual(calledOff(/a:5432 is not primary any more/));
    expectCalledOff(rig, 'hold');
  });

  test('when the watch has ended it, as after a reload', async () => {
    const rig = new Rig();
    rig.leases = 1;
    await rig.begin().after(100);
    rig.isUnderWay = false;
    expect(await rig.after(50)).toEqual(calledOff(/not watched as before/));
    expectCalledOff(rig, 'hold');
  });

  test('but not because of what an open transaction of somebody else has not flushed', async () => {
    const rig = new Rig();
    rig.primary.beyond = 64n;
    expect(await rig.begin().after(500)).toEqual(DONE);
  });

  test.each(['preparing', 'holding'] as const)('when it is canceled while %s', async (stage) => {
    const rig = new Rig();
    rig.leases = 1;
    if (stage === 'preparing') rig.target.reached = 1n;
    await rig.begin().after(100);
    expect(rig.switchover.stage).toBe(stage);
    expect(rig.switchover.cancel('canceled')).toBe(true);
    expect(await rig.after(10)).toEqual(calledOff(/^canceled$/));
    expectCalledOff(rig, ...(stage === 'holding' ? ['hold'] : []));
    expect(rig.switchover.cancel('again')).toBe(false);
  });
});

describe('a demotion', () => {
  test('that is refused is called off', async () => {
    const rig = new Rig();
    rig.demote = async () => ({ kind: 'refused', reason: 'no shell' });
    expect(await rig.begin().after(200)).toEqual(calledOff(/^no shell$/));
    expectCalledOff(rig, 'hold', 'demote');
  });

  test('that fails and leaves a primary is called off after a second', async () => {
    const rig = new Rig();
    rig.demote = async () => ({ kind: 'unknown', reason: 'it ended with 3' });
    expect(await rig.begin().after(900)).toBeUndefined();
    expect(await rig.after(500)).toEqual(calledOff(/a:5432 is primary still: it ended with 3/));
    expectCalledOff(rig, 'hold', 'demote');
  });

  test('that says that it is done and leaves a primary is called off later', async () => {
    const rig = new Rig();
    rig.demote = async () => ({ kind: 'done' });
    expect(await rig.begin().after(9_000)).toBeUndefined();
    expect(await rig.after(2_000)).toEqual(calledOff(/a:5432 is primary still: .* no effect/));
    expectCalledOff(rig, 'hold', 'demote');
  });

  test('that fails and leaves nobody is for people: nobody is promoted', async () => {
    const rig = new Rig();
    rig.demote = async () => {
      rig.demoted();
      return { kind: 'unknown', reason: 'it ended with 3' };
    };
    const reason =
      /nobody knows whether a:5432 was demoted \(it ended with 3; .*promote b:5432, or/;
    expect(await rig.begin().after(10_500)).toEqual(unfinished(reason));
    expectCalledOff(rig, 'hold', 'demote');
    expect(rig.log.lines.at(-1)).toMatchObject({
      ...{ level: 'error', message: 'switchover to b:5432: not finished' },
    });
  });

  test('that fails and leaves a standby has been one', async () => {
    const rig = new Rig();
    rig.demote = async () => {
      rig.primary.inRecovery = true;
      return { kind: 'unknown', reason: 'it ended with 3' };
    };
    expect(await rig.begin().after(500)).toEqual(DONE);
  });

  test('cannot be canceled, and whoever ends then is told what to do', async () => {
    const rig = new Rig();
    rig.demote = () => new Promise(() => undefined);
    expect(rig.switchover.adviceIfAbandoned).toBeUndefined();
    await rig.begin().after(200);
    expect(rig.switchover.cancel('canceled')).toBe(false);
    expect(rig.switchover.adviceIfAbandoned).toMatch(/promote b:5432, or start a:5432/);
  });
});

describe('the target is promoted when it has all', () => {
  test('that the old primary has as a standby', async () => {
    const rig = new Rig();
    rig.demote = async () => {
      Object.assign(rig.primary, { inRecovery: true, reached: 1_200n, beyond: 34n });
      return { kind: 'done' };
    };
    await rig.begin().after(2_000);
    expect(rig.target.told).toBe(0);
    rig.target.reached = 1_230n;
    await rig.after(1_000);
    expect(rig.target.told).toBe(0);
    rig.target.beyond = 4n;
    expect(await rig.after(300)).toEqual(DONE);
  });

  test('that was written while the primary was demoted, as far as it told', async () => {
    const rig = new Rig();
    let end: () => void = () => undefined;
    rig.demote = async () => {
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      rig.primary.isAlive = false;
      return { kind: 'done' };
    };
    await rig.begin().after(200);
    rig.primary.reached = 5_000n;
    await rig.after(100);
    end();
    const reason = /b:5432 lacks 4000 bytes of what a:5432 has written/;
    expect(await rig.after(11_000)).toEqual(unfinished(reason));
    expect(rig.target.told).toBe(0);
  });

  test('and told once more if it does not become primary', async () => {
    const rig = new Rig();
    rig.target.onPromote = () => {
      if (rig.target.told === 2) rig.target.inRecovery = false;
    };
    await rig.begin().after(1_500);
    expect(rig.target.told).toBe(1);
    expect(await rig.after(2_000)).toEqual(DONE);
    expect(rig.target.told).toBe(2);
  });

  test('and waited for while it cannot be asked', async () => {
    const rig = new Rig();
    rig.target.onPromote = () => {
      rig.target.isAlive = false;
    };
    await rig.begin().after(1_500);
    Object.assign(rig.target, { isAlive: true, inRecovery: false });
    expect(await rig.after(100)).toEqual(DONE);
  });

  test('but not for ever', async () => {
    const rig = new Rig();
    rig.target.onPromote = () => undefined;
    const reason =
      /could not be promoted in 30 s: it is in recovery still\. There may be no primary/;
    expect(await rig.begin().after(31_000)).toEqual(unfinished(reason));
    expect(rig.events.at(-1)).toBe('call off');
  });

  test('and if nobody accepts it that is said', async () => {
    const rig = new Rig();
    rig.target.onPromote = () => {
      rig.target.inRecovery = false;
      rig.leads = 'nobody';
      rig.accepts = false;
    };
    const reason = /it was promoted, and SHOW TOPOLOGY says why/;
    expect(await rig.begin().after(31_000)).toEqual(unfinished(reason));
  });
});

describe('somebody who promotes as well', () => {
  function rigWith(demote: Rig['demote']): Rig {
    const rig = new Rig();
    rig.promotes = true;
    rig.target.grants = false;
    rig.demote = demote;
    return rig.begin();
  }

  test('needs no right to promote, and is over when the target leads', async () => {
    const rig = rigWith(async () => rig.demoted());
    await rig.after(1_000);
    expect(rig.switchover.stage).toBe('promoting');
    rig.target.inRecovery = false;
    expect(await rig.after(100)).toEqual(DONE);
    expect(rig.target.told).toBe(0);
  });

  test('and says no is believed', async () => {
    const rig = rigWith(async () => ({ kind: 'refused', reason: '412' }));
    expect(await rig.after(200)).toEqual(calledOff(/^412$/));
    expectCalledOff(rig, 'hold', 'demote');
  });

  test('and does not know is waited for: it is called off when the primary stays', async () => {
    const rig = rigWith(async () => ({ kind: 'unknown', reason: '503' }));
    expect(await rig.after(2_500)).toBeUndefined();
    expect(await rig.after(1_000)).toEqual(calledOff(/a:5432 is primary still: 503/));
  });

  test('and does not know is waited for: it is done when the target leads', async () => {
    const rig = rigWith(async () => {
      rig.primary.isAlive = false;
      return { kind: 'unknown', reason: '503' };
    });
    await rig.after(5_000);
    rig.target.inRecovery = false;
    expect(await rig.after(100)).toEqual(DONE);
  });

  test('and leaves no primary is for people', async () => {
    const rig = rigWith(async () => rig.demoted());
    expect(await rig.after(31_000)).toEqual(
      unfinished(/no answer in time\. There may be no primary/),
    );
  });

  test('and promotes another one has ended it', async () => {
    const rig = rigWith(async () => {
      rig.leads = 'another';
      return rig.demoted();
    });
    expect(await rig.after(200)).toEqual(calledOff(/another server has become primary/));
  });
});

test('the place behind the header of a page is reached with the end of the page before', () => {
  expect(hasReached(8_192n * 3n, 8_192n * 3n + 24n)).toBe(true);
  expect(hasReached(8_192n * 2048n, 8_192n * 2048n + 40n)).toBe(true);
  expect(hasReached(8_192n * 3n, 8_192n * 3n + 48n)).toBe(false);
  expect(hasReached(8_192n * 3n - 8n, 8_192n * 3n)).toBe(false);
  expect(hasReached(7n, 6n)).toBe(true);
});
