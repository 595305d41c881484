import { StrangerLines } from '../src/stranger-lines';
import { Rig } from './kit/rig';

test('so many lines are written in one window, and the rest is counted by SQLSTATE', () => {
  const lines = new StrangerLines();
  const written = Array.from({ length: 300 }, (_, id) => lines.errorHasLine(id, '28P01', 1000));
  expect(written.filter(Boolean)).toHaveLength(200);
  expect(lines.errorHasLine(300, '53300', 1000)).toBe(false);
  // Not before the window is over, and once.
  expect(lines.summary(10_999)).toEqual([]);
  expect(lines.summary(11_000)).toEqual([
    { sqlstate: '28P01', count: 100 },
    { sqlstate: '53300', count: 1 },
  ]);
  expect(lines.summary(11_000)).toEqual([]);
  expect(lines.errorHasLine(400, '28P01', 11_000)).toBe(true);
});

test('a client whose error has no line has none for its end, and is counted once', () => {
  const lines = new StrangerLines();
  while (lines.hasRoom(0));
  expect(lines.errorHasLine(1, '28P01', 1)).toBe(false);
  expect(lines.forget(1)).toBe(true);
  expect(lines.forget(2)).toBe(false);
  expect(lines.endHasLine(2)).toBe(false);
  expect(lines.summary(20_000)).toEqual([
    { sqlstate: '28P01', count: 1 },
    { sqlstate: undefined, count: 1 },
  ]);
  expect(lines.forget(1)).toBe(false);
  expect(lines.endHasLine(20_001)).toBe(true);
});

test.each([
  ['is', true],
  ['is not', false],
])(
  'nothing is remembered of clients that are gone where their end %s logged',
  async (_, logged) => {
    const rig = await Rig.open({ logDisconnections: logged, logPoolerErrors: true });
    for (let at = 0; at < 250; at++) rig.caller({ database: 'nowhere' });
    await rig.pass(1000);
    // Ends have a part of the lines that there may be.
    expect(rig.log.count('pooler error')).toBe(logged ? 100 : 200);
    expect(rig.pooler.sessions.size).toBe(0);
    expect(rig.pooler.traffic.remembered).toBe(0);
  },
);
