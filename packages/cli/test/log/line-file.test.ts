import fs, { readFileSync } from 'node:fs';
import { LineFile } from '../../src/log/line-file';
import { createLogger } from '../../src/log/logger';
import { tempDir } from '../support/temp-dir';

const directory = tempDir();
let path: string;

beforeEach(() => {
  path = directory.file('a.log');
});

afterEach(() => jest.restoreAllMocks());

const lines = () => readFileSync(path, 'utf8').split('\n');

/** The disk takes `bytes` more, and is full then. */
function fillsAfter(bytes: number): void {
  const write = fs.writeSync;
  let left = bytes;
  jest.spyOn(fs, 'writeSync').mockImplementation((descriptor: number, data: unknown) => {
    if (!Buffer.isBuffer(data) || left === 0) throw Object.assign(new Error(), { code: 'ENOSPC' });
    const written = write(descriptor, data, 0, Math.min(left, data.length));
    left -= written;
    return written;
  });
}

test.each(['text', 'json'] as const)(
  'lines that were lost are told of in a line of %s',
  (format) => {
    const log = createLogger({ stderr: false, file: path, format, cwd: '/', verbose: 0 });
    log.info('one');
    fillsAfter(0);
    log.info('two');
    log.info('three');
    jest.restoreAllMocks();
    log.info('four');
    log.close();
    const [one = '', notice = '', four = '', end] = lines();
    expect(end).toBe('');
    if (format === 'text') {
      expect(notice).toMatch(/ WARNING lines could not be written here count=2$/);
      expect(four).toMatch(/LOG four$/);
      return;
    }
    expect([one, notice, four].map((line) => JSON.parse(line))).toMatchObject([
      { message: 'one' },
      { level: 'warn', message: 'lines could not be written here', count: 2 },
      { message: 'four' },
    ]);
  },
);

test('what comes after a line that went out in part begins a line', () => {
  const file = LineFile.open(path);
  file.write('one\n');
  fillsAfter(2);
  file.write('lost\n');
  file.write('all\n');
  jest.restoreAllMocks();
  file.write('two\n', (lost) => `-${lost}\n`);
  file.write('three\n');
  file.close();
  expect(lines()).toEqual(['one', 'lo', '-2', 'two', 'three', '']);
});
