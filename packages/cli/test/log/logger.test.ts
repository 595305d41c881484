import { spawnSync } from 'node:child_process';
import { readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { createLogger, type LoggerOptions } from '../../src/log/logger';
import { tempDir } from '../support/temp-dir';

const directory = tempDir();
const linesOf = (name: string): readonly string[] =>
  readFileSync(directory.file(name), 'utf8').split('\n').slice(0, -1);
const logger = (options: Partial<LoggerOptions> = {}) =>
  createLogger({ stderr: false, file: 'a.log', cwd: directory.path, verbose: 0, ...options });

test('a line is in the file when the call returns, however many there are', () => {
  const log = logger();
  for (let count = 0; count < 5000; count += 1) log.info('line', { count });
  const lines = linesOf('a.log');
  expect(lines).toHaveLength(5000);
  expect(lines.at(-1)).toMatch(/LOG line count=4999$/);
  log.close();
});

test('debug lines come with verbose, and a reload can change that both ways', () => {
  const log = logger();
  log.debug('one');
  log.configure({ file: 'a.log', verbose: 2 });
  log.debug('two');
  log.configure({ file: 'a.log', verbose: 0 });
  log.debug('three');
  expect(linesOf('a.log')).toEqual([expect.stringContaining('DEBUG two')]);
  log.close();
});

test('a reload does not go below what the command line asked for', () => {
  const log = logger({ verbose: 1, verboseLeast: 1 });
  log.configure({ file: 'a.log', verbose: 0 });
  log.debug('still here');
  expect(linesOf('a.log')).toHaveLength(1);
  log.close();
});

test('after a rotation, reopen goes on in a new file of the old name', () => {
  const log = logger();
  log.info('before');
  renameSync(directory.file('a.log'), directory.file('a.log.1'));
  log.info('between');
  log.reopen();
  log.info('after');
  expect(linesOf('a.log.1').map((line) => line.split(' ').at(-1))).toEqual(['before', 'between']);
  expect(linesOf('a.log').map((line) => line.split(' ').at(-1))).toEqual(['after']);
  log.close();
});

test('a reload moves to another file, and stays with the old one when that cannot be opened', () => {
  const log = logger();
  log.configure({ file: 'b.log', verbose: 0 });
  log.info('moved');
  log.configure({ file: 'no/such/folder.log', verbose: 0 });
  log.info('stayed');
  expect(linesOf('a.log')).toHaveLength(0);
  const lines = linesOf('b.log');
  expect(lines[0]).toContain('LOG moved');
  expect(lines[1]).toContain('ERROR cannot open the log file');
  expect(lines[2]).toContain('LOG stayed');
  log.close();
});

test('a log file that cannot be opened at start is an error', () => {
  expect(() => logger({ file: 'no/such/folder.log' })).toThrow('ENOENT');
});

test('whoever observes sees every line with its level', () => {
  const seen: string[] = [];
  const log = logger({ file: undefined, observe: (level, line) => seen.push(`${level} ${line}`) });
  log.error('bad', { count: 5 });
  log.debug('not at this level');
  expect(seen).toEqual([expect.stringMatching(/^error .* ERROR bad count=5$/)]);
  log.close();
});

test('a device without room loses lines but never throws', () => {
  const log = logger({ file: '/dev/full' });
  expect(() => log.info('lost')).not.toThrow();
  log.close();
});

test('lines to stderr are all there when the process ends at once', () => {
  const script = `
    require('esbuild-register');
    const { createLogger } = require(${JSON.stringify(path.join(__dirname, '../../src/log/logger'))});
    const log = createLogger({ stderr: true, file: undefined, cwd: '/', verbose: 0 });
    for (let count = 0; count < 2000; count += 1) log.info('line', { count });
    process.exit(0);`;
  const ended = spawnSync(process.execPath, ['-e', script], {
    cwd: path.join(__dirname, '../..'),
    encoding: 'utf8',
  });
  expect(ended.status).toBe(0);
  expect(ended.stderr.trimEnd().split('\n')).toHaveLength(2000);
});
