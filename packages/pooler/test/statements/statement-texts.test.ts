import { HandClock } from '@pgweir/testkit';
import { loadGrammar } from '../../src/sql/grammar';
import { LOOKED_AT_BYTES_MAX, StatementTexts } from '../../src/statements/statement-texts';

async function scene() {
  const clock = new HandClock();
  const texts = new StatementTexts(await loadGrammar(), clock);
  const of = (text: string) => {
    const bytes = Buffer.from(`..${text}\0`);
    return texts.of(bytes, 2, bytes.length - 1, false);
  };
  return { clock, of, texts };
}

test('texts that differ in literals and white space alone are recognized without the grammar', async () => {
  const { of, texts } = await scene();
  const one = of('SELECT a FROM t WHERE b = 1');
  expect(one?.statement).toBe('SELECT a FROM t WHERE b = ?');
  expect(of('SELECT a  FROM t WHERE b = 2 ')).not.toBe(undefined);
  expect(of('SELECT a FROM t WHERE b = 99')).toBe(one);
  expect(texts.size).toBe(2);
});

test.each([
  ['whose literals mean another thing under other settings', "SELECT 'a\\'b'"],
  ['that are longer than what is looked at', `SELECT ${'a, '.repeat(LOOKED_AT_BYTES_MAX)} b`],
])('texts %s are recognized by their bytes', async (_what, text) => {
  const { of } = await scene();
  const one = of(text);
  expect(one).toBeDefined();
  expect(of(text)).toBe(one);
  expect(of(`X${text}`)).not.toBe(one);
});

test('new texts get a bounded part of the time, and are not known beyond it', async () => {
  const { clock, of } = await scene();
  let known = 0;
  for (let at = 0; at < 9000; at++) if (of(`SELECT column${at} FROM t`) !== undefined) known++;
  // Half a second at first, about 80 µs each.
  expect(known).toBeGreaterThan(4000);
  expect(known).toBeLessThan(8000);
  const before = known;
  // What is known stays known.
  expect(of('SELECT column1 FROM t')).toBeDefined();
  clock.advance(100);
  for (let at = 0; at < 5000; at++) if (of(`SELECT other${at} FROM t`) !== undefined) known++;
  expect(known - before).toBeGreaterThan(40);
  expect(known - before).toBeLessThan(100);
  clock.advance(100_000);
  for (let at = 0; at < 5000; at++) if (of(`SELECT more${at} FROM t`) !== undefined) known++;
  // 50 ms at once.
  expect(known - before).toBeLessThan(1100);
});

test('the time that new texts take is measured: no more than a twentieth of all, after a first half second', async () => {
  const clock = new HandClock();
  let spentMs = 0;
  const fingerprint = (): string => {
    clock.advance(16);
    spentMs += 16;
    return 'f00df00df00df00d';
  };
  const texts = new StatementTexts({ ready: true, fingerprint }, clock);
  const startMs = clock.nowMs();
  let known = 0;
  for (let at = 0; at < 20_000; at++) {
    const bytes = Buffer.from(`SELECT column${at} FROM t`);
    if (texts.of(bytes, 0, bytes.length, false) !== undefined) known++;
    clock.advance(1);
  }
  expect(spentMs).toBeLessThanOrEqual((clock.nowMs() - startMs) / 20 + 500 + 16);
  expect(known).toBeGreaterThan(50);
});

test('a text that breaks the parser is charged with what it takes to replace that', async () => {
  const clock = new HandClock();
  const grammar = {
    ready: true,
    fingerprint: (): undefined => {
      grammar.ready = false;
    },
  };
  const texts = new StatementTexts(grammar, clock);
  let broken = 0;
  for (let at = 0; at < 2000; at++) {
    const bytes = Buffer.from(`SELECT column${at} FROM t`);
    texts.of(bytes, 0, bytes.length, false);
    if (!grammar.ready) broken++;
    grammar.ready = true;
    clock.advance(1);
  }
  expect(broken).toBeGreaterThan(2);
  expect(broken).toBeLessThanOrEqual(1 + 500 / 30 + 2000 / (20 * 30));
});

test('what is remembered of texts is bounded', async () => {
  const { clock, of, texts } = await scene();
  for (let at = 0; at < 30_000; at++) {
    clock.advance(5);
    of(`COMMIT${at}`);
  }
  expect(texts.size).toBeLessThanOrEqual(2 * 8192);
  expect(texts.size).toBeGreaterThan(4000);
});
