import { cpuBetween, readCpu, ticksIn } from '../../src/measure/cpu';

const reading = (exactUs: number | undefined, userUs: number, systemUs: number) => ({
  exactUs,
  userUs,
  systemUs,
});

test('the exact clock gives the total, the ticks how it divides', () => {
  const use = cpuBetween(reading(1_000, 0, 0), reading(401_000, 300_000, 90_000));
  expect(use.totalUs).toBeCloseTo(400_000);
  expect(use.userUs).toBeCloseTo((400_000 * 300) / 390);
  expect(use.systemUs).toBeCloseTo((400_000 * 90) / 390);
});

test('ticks count alone where there is no exact clock, or it lost an ended thread', () => {
  const ticked = { totalUs: 390_000, userUs: 300_000, systemUs: 90_000 };
  expect(cpuBetween(reading(undefined, 0, 0), reading(undefined, 300_000, 90_000))).toEqual(ticked);
  expect(cpuBetween(reading(900_000, 0, 0), reading(1_000, 300_000, 90_000))).toEqual(ticked);
});

test('the processor time of this process is what the operating system says', () => {
  const before = readCpu(process.pid);
  if (process.platform !== 'linux') {
    expect(before).toBeUndefined();
    return;
  }
  const own = process.cpuUsage();
  while (process.cpuUsage(own).user < 200_000);
  const after = readCpu(process.pid);
  if (before === undefined || after === undefined) throw new Error('no reading of ourselves');
  const use = cpuBetween(before, after);
  const spent = process.cpuUsage(own);
  const expected = spent.user + spent.system;
  expect(use.totalUs).toBeGreaterThan(0.7 * expected);
  expect(use.totalUs).toBeLessThan(1.5 * expected);
});

test('many processes that did little each are counted, and not divided', () => {
  const use = cpuBetween(reading(1_000, 0, 0), reading(401_000, 10_000, 0));
  expect(use).toEqual({ totalUs: 400_000, userUs: null, systemUs: null });
});

test('processes that have ended meanwhile count by their ticks', () => {
  const before = { exactUs: 5_000_000, userUs: 0, systemUs: 0 };
  const after = { exactUs: 100_000, userUs: 600_000, systemUs: 200_000 };
  expect(cpuBetween(before, after)).toEqual({
    totalUs: 800_000,
    userUs: 600_000,
    systemUs: 200_000,
  });
});

test('a process that is gone has no reading', () => {
  expect(readCpu(2 ** 22 + 1)).toBeUndefined();
});

test('what a process and its ended children used is read past any name', () => {
  const stat = '77 (odd) name ( 1 2) S 1 2 3 4 5 6 7 8 9 10 700 80 9000 100 20 0';
  expect(ticksIn(stat)).toEqual({ user: 700, system: 80, childrenUser: 9000, childrenSystem: 100 });
});
