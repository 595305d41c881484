import { cookieOf, isCrossSite, isJson } from '../../src/dashboard/cross-site';
import { isKnownHost } from '../../src/dashboard/known-host';
import { readOrder, readPassword } from '../../src/dashboard/read-json';

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

test.each([
  [{ host: 'db:9930', origin: 'http://db:9930', 'sec-fetch-site': 'same-origin' }, false],
  [{ host: 'DB:9930', origin: 'http://db:9930' }, false],
  // No browser at all.
  [{ host: 'db:9930' }, false],
  [{ host: 'db:9930', origin: 'http://evil.example' }, true],
  [{ host: 'db:9930', origin: 'http://db:9931' }, true],
  [{ host: 'db:9930', origin: 'null' }, true],
  [{ host: 'db:9930', 'sec-fetch-site': 'cross-site' }, true],
  [{ host: 'db:9930', origin: 'http://db:9930', 'sec-fetch-site': 'same-site' }, true],
  [{ origin: 'http://db:9930' }, true],
])('%j may come from another site: %s', (headers, expected) => {
  expect(isCrossSite(headers)).toBe(expected);
});

test.each([
  ['127.0.0.1:9930', true],
  ['10.0.0.7', true],
  ['[::1]:9930', true],
  ['[fd00::7]', true],
  ['localhost:9930', true],
  ['pgweir.localhost:9930', true],
  ['METRICS.internal:9930', true],
  ['pooler.example.org', true],
  ['Pooler.Example.Org:443', true],
  ['evil.example:9930', false],
  ['127.0.0.1.evil.example', false],
  ['evil.example#127.0.0.1', false],
  ['localhost.evil.example', false],
  ['user@evil.example', false],
  ['[::1', false],
  ['', false],
  [undefined, false],
])('the page may be asked for at %s: %s', (host, expected) => {
  const address = { host: 'metrics.internal', port: 9930 };
  expect(isKnownHost(host, { address, dashboardHosts: ['Pooler.example.org'] })).toBe(expected);
  expect(isKnownHost(host, { address, dashboardHosts: ['*'] })).toBe(true);
});

test('only JSON is JSON', () => {
  const all = ['application/json', 'application/json; charset=utf-8', 'text/plain', undefined];
  const types = all.map((type) => isJson(type === undefined ? {} : { 'content-type': type }));
  expect(types).toEqual([true, true, false, false]);
  expect(isJson({ 'content-type': 'application/jsonp' })).toBe(false);
});

test('cookies are found by their whole name', () => {
  const headers = { cookie: 'a=1; pgweir-9930=key==; xpgweir-9930=no' };
  expect(cookieOf(headers, 'pgweir-9930')).toBe('key==');
  expect(cookieOf(headers, 'pgweir-993')).toBeUndefined();
  expect(cookieOf({}, 'a')).toBeUndefined();
});

test('orders are read as far as they are orders', () => {
  expect(readOrder(json({ kind: 'pause' }))).toEqual({ kind: 'pause' });
  expect(readOrder(json({ kind: 'pause', database: 'app', more: 1 }))).toEqual({
    ...{ kind: 'pause', database: 'app' },
  });
  expect(readOrder(json({ kind: 'ban', host: 'db1' }))).toEqual({ kind: 'ban', host: 'db1' });
});

test.each([
  ['{'],
  ['null'],
  ['[]'],
  ['"pause"'],
  ['{"kind":"shutdown"}'],
  ['{"kind":"constructor"}'],
  ['{"kind":"pause","database":""}'],
  ['{"kind":"pause","database":7}'],
  ['{"kind":"disable"}'],
  ['{"kind":"ban","database":"app"}'],
  [`{"kind":"ban","host":"${'x'.repeat(256)}"}`],
])('%s is no order', (text) => {
  expect(readOrder(Buffer.from(text))).toBeUndefined();
});

test('a password is a text of bounded length', () => {
  expect(readPassword(json({ password: 'tea' }))).toBe('tea');
  expect(readPassword(json({ password: 7 }))).toBeUndefined();
  expect(readPassword(json({ password: 'x'.repeat(1025) }))).toBeUndefined();
  expect(readPassword(Buffer.from([0xff]))).toBeUndefined();
});
