import { readFileSync } from 'node:fs';
import { createLogger, type DaemonLogger, type LoggerOptions } from '../../src/log/logger';
import { syslogMessage } from '../../src/log/syslog-message';
import { DatagramInbox } from '../support/datagram-inbox';
import { tempDir } from '../support/temp-dir';

const directory = tempDir();
const SYSLOG = { ident: 'pgbouncer', facility: 'daemon' } as const;
let inbox: DatagramInbox;
const loggers: DaemonLogger[] = [];

beforeEach(() => {
  inbox = new DatagramInbox(directory.file('log'));
});

afterEach(() => {
  for (const logger of loggers.splice(0)) logger.close();
  inbox.close();
});

function logger(options: Partial<LoggerOptions> = {}): DaemonLogger {
  const created = createLogger({
    stderr: false,
    file: 'a.log',
    cwd: directory.path,
    verbose: 0,
    syslog: SYSLOG,
    syslogPath: directory.file('log'),
    ...options,
  });
  loggers.push(created);
  return created;
}

const fileLines = (): readonly string[] =>
  readFileSync(directory.file('a.log'), 'utf8').split('\n').slice(0, -1);
/** Without the priority, the time and the process. */
const texts = (): readonly string[] =>
  inbox.heard().map((message) => message.replace(/^<\d+>.*?\]: /, ''));

test('a message is what syslog(3) sends, in local time', () => {
  const wallMs = new Date(2026, 0, 5, 7, 8, 9).getTime();
  const line = { level: 'warn', text: 'pool is full', wallMs, pid: 42 } as const;
  expect(syslogMessage(SYSLOG, line)).toBe('<28>Jan  5 07:08:09 pgbouncer[42]: pool is full');
  const later = { ...line, level: 'debug', wallMs: new Date(2026, 11, 31, 23, 59, 59).getTime() };
  const local7 = { ident: 'x', facility: 'local7' } as const;
  expect(syslogMessage(local7, { ...later, level: 'debug' })).toBe(
    '<191>Dec 31 23:59:59 x[42]: pool is full',
  );
});

test.each([
  ['error', 27],
  ['warn', 28],
  ['info', 30],
  ['debug', 31],
] as const)('the level %s has the priority %d in the facility daemon', (level, priority) => {
  const line = { level, text: '', wallMs: 0, pid: 1 };
  expect(syslogMessage(SYSLOG, line)).toMatch(new RegExp(`^<${priority}>`));
});

test('a long message is cut off between two characters', () => {
  const line = { level: 'info', text: 'ü'.repeat(10_000), wallMs: 0, pid: 1 } as const;
  const message = syslogMessage(SYSLOG, line);
  expect(Buffer.byteLength(message)).toBeLessThanOrEqual(8192);
  expect(Buffer.byteLength(message)).toBeGreaterThan(8188);
  expect(message).toMatch(/: ü+$/);
});

test('lines go to syslog without time and level, and to the file as ever', () => {
  logger({ fields: { worker: 3 } }).warn('two\nlines', { reason: 'a b' });
  expect(inbox.heard()).toEqual([
    expect.stringMatching(
      /^<28>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d pgbouncer\[\d+\]: two\\nlines reason="a b" worker=3$/,
    ),
  ]);
  expect(fileLines()).toEqual([
    expect.stringMatching(/WARNING two\\nlines reason="a b" worker=3$/),
  ]);
});

test('a reload switches it on and off, and changes name and facility', () => {
  const log = logger({ syslog: undefined });
  log.info('none');
  log.configure({ file: 'a.log', verbose: 0, syslog: SYSLOG });
  log.info('on');
  log.configure({ file: 'a.log', verbose: 0, syslog: { ident: 'weir', facility: 'local0' } });
  log.info('other');
  log.configure({ file: 'a.log', verbose: 0, syslog: undefined });
  log.info('off');
  expect(inbox.heard()).toEqual([
    expect.stringMatching(/^<30>.* pgbouncer\[\d+\]: on$/),
    expect.stringMatching(/^<134>.* weir\[\d+\]: other$/),
  ]);
});

test('a syslog that is away costs one line elsewhere, and is found again with a count of the lost', () => {
  const log = logger();
  inbox.close();
  log.info('one');
  log.info('two');
  expect(fileLines().map((line) => line.split('] ')[1])).toEqual([
    'LOG one',
    expect.stringMatching(/^WARNING syslog cannot be reached, its lines are lost reason=/),
    'LOG two',
  ]);
  inbox = new DatagramInbox(directory.file('log'));
  log.info('three');
  expect(texts()).toEqual(['lines could not be written here count=3', 'three']);
});

/** More than any system queues. */
const LINES = 3000;

test('a syslog that does not read never holds anybody up', () => {
  const log = logger({ file: undefined });
  for (let count = 0; count < LINES; count++) log.info('line');
  const before = inbox.heard().length;
  expect(before).toBeLessThan(LINES);
  log.info('after');
  const lost = LINES - before;
  expect(texts().slice(before)).toEqual([`lines could not be written here count=${lost}`, 'after']);
});

test('a path that cannot be one is said once and hurts nothing', () => {
  const log = logger({ syslogPath: `/${'x'.repeat(200)}` });
  log.info('still here');
  expect(fileLines()).toEqual([
    expect.stringContaining('ERROR there is no syslog output reason='),
    expect.stringContaining('LOG still here'),
  ]);
});

test('a reload changes the format of the lines, of those to syslog too', () => {
  const log = logger();
  log.info('one', { client: 1 });
  log.configure({ file: 'a.log', verbose: 0, syslog: SYSLOG, format: 'json' });
  log.info('two', { client: 2 });
  log.configure({ file: 'a.log', verbose: 0, syslog: SYSLOG });
  log.info('three', { client: 3 });
  const [one, two, three] = fileLines();
  expect(one).toMatch(/LOG one client=1$/);
  expect(JSON.parse(two ?? '')).toMatchObject({ level: 'info', message: 'two', client: 2 });
  expect(three).toMatch(/LOG three client=3$/);
  expect(texts()).toEqual(['one client=1', two, 'three client=3']);
});

test('a long line of JSON is not cut off by syslog', () => {
  const long = 'ü'.repeat(10_000);
  const log = logger({ format: 'json' });
  log.info(long, { reason: long, user: long, database: long });
  expect(JSON.parse(texts()[0] ?? '')).toMatchObject({ level: 'info', pid: process.pid });
});
