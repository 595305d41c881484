import { StatementRegistry } from '../../src/session-state/shared-statement';
import { SqlKnowledge } from '../../src/sql/classify';
import { loadGrammar } from '../../src/sql/grammar';

const GRAMMAR = loadGrammar();

async function emptyRegistry(): Promise<StatementRegistry> {
  return new StatementRegistry(new SqlKnowledge(await GRAMMAR));
}

/** What stands behind the name in a Parse message. */
function tail(sql: string, ...types: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 + 4 * types.length);
  bytes.writeUInt16BE(types.length);
  for (const [index, type] of types.entries()) bytes.writeInt32BE(type, 2 + 4 * index);
  return Buffer.concat([Buffer.from(`${sql}\0`), bytes]);
}

const find = (registry: StatementRegistry, bytes: Buffer, context = '') =>
  registry.find(bytes, 0, bytes.length, context);

test('the same text with the same types and settings is one statement', async () => {
  const registry = await emptyRegistry();
  const first = find(registry, tail('SELECT $1', 23), 'search_path\0a\0');
  expect(find(registry, tail('SELECT $1', 23), 'search_path\0a\0')).toBe(first);
});

test.each([
  ['another text', tail('SELECT  $1', 23), ''],
  ['other types', tail('SELECT $1', 25), ''],
  ['no types', tail('SELECT $1'), ''],
  ['other settings', tail('SELECT $1', 23), 'search_path\0a\0'],
])('%s is another statement under another name', async (_what, bytes, context) => {
  const registry = await emptyRegistry();
  const first = find(registry, tail('SELECT $1', 23));
  const second = find(registry, bytes, context);
  expect(second).not.toBe(first);
  expect(second.serverName.equals(first.serverName)).toBe(false);
  expect(second.context).toBe(context);
});

test('only the given part of the buffer counts, and what is kept is a copy', async () => {
  const registry = await emptyRegistry();
  const bytes = tail('SELECT 1');
  const around = Buffer.concat([Buffer.from('name\0'), bytes, Buffer.from('more')]);
  const first = registry.find(around, 5, 5 + bytes.length, '');
  around.fill(0xee);
  expect(first.tail.equals(bytes)).toBe(true);
  expect(find(registry, bytes)).toBe(first);
});

test('names begin with the secret of the registry and end with NUL; no two are the same', async () => {
  const [one, other] = [await emptyRegistry(), await emptyRegistry()];
  expect(one.prefix).toMatch(/^pgweir_[0-9a-f]+_$/);
  expect(one.prefix).not.toBe(other.prefix);
  const names = new Set([one.noName.toString('latin1')]);
  for (let i = 0; i < 100; i++) {
    const { serverName } = find(one, tail(`SELECT ${i}`));
    expect(serverName.subarray(-1)).toEqual(Buffer.from([0]));
    expect(serverName.indexOf(0)).toBe(serverName.length - 1);
    expect(serverName.toString('latin1').startsWith(one.prefix)).toBe(true);
    expect(serverName.length).toBeLessThan(63);
    names.add(serverName.toString('latin1'));
  }
  expect(names.size).toBe(101);
});

/** As the registry takes it: FNV-1a over length and bytes. */
function hashOf(bytes: Buffer): number {
  let hash = 0x811c9dc5 ^ bytes.length;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

/** Two texts that have the same hash with what follows them in a Parse without types. */
const COLLIDING = ['SELECT 2775246', 'SELECT 3034780'] as const;

test('texts with the same hash stay apart', async () => {
  const registry = await emptyRegistry();
  const [one, other] = COLLIDING;
  expect(hashOf(tail(one))).toBe(hashOf(tail(other)));
  const [first, second] = [find(registry, tail(one)), find(registry, tail(other))];
  expect(first).not.toBe(second);
  expect(find(registry, tail(one))).toBe(first);
  expect(find(registry, tail(other))).toBe(second);
  expect(second.tail.equals(tail(other))).toBe(true);
});

test('the number of statements is bounded: the oldest is made anew', async () => {
  const registry = await emptyRegistry();
  const first = find(registry, tail('SELECT 0'));
  for (let i = 1; i < 10_000; i++) find(registry, tail(`SELECT ${i}`));
  expect(find(registry, tail('SELECT 0'))).toBe(first);
  const last = find(registry, tail('SELECT 10000'));
  const again = find(registry, tail('SELECT 0'));
  expect(again).not.toBe(first);
  expect(again.serverName.equals(first.serverName)).toBe(false);
  expect(find(registry, tail('SELECT 10000'))).toBe(last);
});

test('the bytes of their texts are bounded', async () => {
  const registry = await emptyRegistry();
  const long = (letter: string): Buffer => tail(`SELECT '${letter.repeat(9 * 1024 * 1024)}'`);
  const first = find(registry, long('a'));
  find(registry, long('b'));
  find(registry, long('c'));
  expect(find(registry, long('a'))).toBe(first);
  find(registry, long('d'));
  expect(find(registry, long('a'))).not.toBe(first);
});

test.each(["SELECT 'now'::timestamptz", "SELECT timestamp 'today'", "SELECT date 'yesterday'"])(
  '%s is shared with nobody: later it would mean another time',
  async (sql) => {
    const registry = await emptyRegistry();
    const first = find(registry, tail(sql));
    expect(first.keepable).toBe(false);
    expect(find(registry, tail(sql))).not.toBe(first);
  },
);

test('what is too long to be kept has a name, no text, and cannot be prepared again', async () => {
  const registry = await emptyRegistry();
  const [one, other] = [registry.makeUnkeepable(), registry.makeUnkeepable()];
  expect(one.keepable).toBe(false);
  expect(one.tail).toHaveLength(0);
  expect(one.serverName.equals(other.serverName)).toBe(false);
});

test('a statement knows what its text does; one without effects costs nothing', async () => {
  const registry = await emptyRegistry();
  expect(find(registry, tail('SELECT 1')).effects.marks).toBe(0);
  expect(find(registry, tail('SET work_mem = 1')).effects.settings).toEqual(['work_mem']);
  expect(
    find(registry, tail("SELECT set_config($1, 'x', false)", 25)).effects.settingParameters,
  ).toEqual([1]);
});

test('a tail without the end of its text does not break anything', async () => {
  const registry = await emptyRegistry();
  expect(find(registry, Buffer.from('SET work_mem = 1')).keepable).toBe(true);
  expect(find(registry, Buffer.alloc(0)).keepable).toBe(true);
});
