import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadConfig } from '../src/config/load';
import { GLOBAL_SETTINGS } from '../src/config/settings';
import { PAGES } from '../src/docs/pages';
import { entry, paragraphs, verbatim } from '../src/docs/roff';
import { VERSION } from '../src/version';
import { testWith } from './e2e/support/programs';
import { tempDir } from './support/temp-dir';

const directory = tempDir();
const PACKAGE = path.join(__dirname, '..');

test.each(Object.entries(PAGES))(
  'docs/%s is in step with the tables (npm run docs -w packages/cli)',
  (name, text) => {
    expect(readFileSync(path.join(PACKAGE, 'docs', name), 'utf8')).toBe(text());
  },
);

test('pgweir(5) has every setting', () => {
  const text = PAGES['pgweir.5']?.() ?? '';
  for (const name of Object.keys(GLOBAL_SETTINGS)) expect(text).toContain(`\\fB${name}\\fR (`);
});

/** As a terminal shows it, without bold. */
function rendered(name: string): { readonly text: string; readonly warnings: string } {
  const file = path.join(PACKAGE, 'docs', name);
  const how = ['-man', '-Tutf8', '-ww', '-P-c', file];
  const { stdout, stderr } = spawnSync('groff', how, { encoding: 'utf8' });
  // Bold and underlined characters are struck twice.
  return { text: stdout.replaceAll(/.[\b]/g, ''), warnings: stderr };
}

describe.each(['pgweir.1', 'pgweir.5'])('%s', (name) => {
  testWith('groff')('is rendered without a warning', async () => {
    expect(rendered(name).warnings).toBe('');
  });
});

testWith('groff')('what is rendered is what was written', async () => {
  const { text } = rendered('pgweir.1');
  expect(text).toContain("-c 'SHOW POOLS'");
  expect(text).toMatch(/^ +-q, --quiet\n +Do not log to stderr\.$/m);
  expect(text).toMatch(/^ +SIGHUP +Opens the log file again/m);
  expect(rendered('pgweir.5').text).toMatch(
    /^ +listen_port \(whole number; default: 6432; restart\)$/m,
  );
});

testWith('systemd-analyze')('the sample units are fine for systemd', async () => {
  const units = ['pgweir.service', 'pgweir.socket'];
  for (const unit of units) {
    const text = readFileSync(path.join(PACKAGE, 'docs', unit), 'utf8');
    // The program, its user and its manual pages need not be on this machine.
    const here = text
      .replace('/usr/bin/pgweir', process.execPath)
      .replace(/^(User|Doc.*)=.*$/gm, '');
    writeFileSync(directory.file(unit), here);
  }
  const how = { cwd: directory.path, encoding: 'utf8' } as const;
  const verified = spawnSync(
    'systemd-analyze',
    ['verify', ...units.map((unit) => `./${unit}`)],
    how,
  );
  const about = verified.stderr.split('\n').filter((line) => line.includes('pgweir'));
  expect(about).toEqual([]);
});

test('nothing in a text is taken for a command of the page', () => {
  expect(paragraphs('.so a\\b `-x`')).toBe('.P\n\\&.so a\\eb \\fB\\-x\\fR');
  expect(entry("it's", '"quoted"', 'x^y')).toBe(
    '.TP\n\\fBit\\(aqs\\fR (x\\(hay)\n\\(dqquoted\\(dq',
  );
  expect(verbatim('.TH\n')).toContain('\n\\&.TH\n');
});

test('the example configuration is fine, without a warning', () => {
  const result = loadConfig('pgweir.ini', { cwd: path.join(PACKAGE, 'config') });
  expect(result).toMatchObject({ kind: 'ok', warnings: [] });
});

test('the version is that of the package', () => {
  const text = readFileSync(path.join(PACKAGE, 'package.json'), 'utf8');
  expect(JSON.parse(text)).toMatchObject({ version: VERSION });
});
