import { readFileSync } from 'node:fs';
import path from 'node:path';
import { loadConfig } from '../src/config/load';
import { settingsPage } from '../src/docs/settings-page';
import { VERSION } from '../src/version';

const PACKAGE = path.join(__dirname, '..');

test('docs/settings.md is in step with the table (npm run docs -w packages/cli)', () => {
  expect(readFileSync(path.join(PACKAGE, 'docs', 'settings.md'), 'utf8')).toBe(settingsPage());
});

test('the example configuration is fine, without a warning', () => {
  const result = loadConfig('pgweir.ini', { cwd: path.join(PACKAGE, 'config') });
  expect(result).toMatchObject({ kind: 'ok', warnings: [], notes: [] });
});

test('the version is that of the package', () => {
  const text = readFileSync(path.join(PACKAGE, 'package.json'), 'utf8');
  expect(JSON.parse(text)).toMatchObject({ version: VERSION });
});
