import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULTS } from '../../src/config/environment/environment';
import { PREFIX, TEXTS } from '../../src/config/environment/variables';
import { lastStage } from '../e2e/support/containers/image-context';

const README = readFileSync(join(__dirname, '..', '..', '..', '..', 'docker', 'README.md'), 'utf8');

test('docker/README.md has every variable that is no setting, in the words of the table', () => {
  for (const [word, help] of Object.entries(TEXTS)) {
    expect(README).toContain(`| \`${PREFIX}${word.toUpperCase()}\` | ${help} |\n`);
  }
});

test('docker/README.md has what holds without a file, and the ports of the image are those', () => {
  for (const [name, value] of Object.entries(DEFAULTS)) {
    expect(README).toContain(`\`${`${name} = ${value}`.trim()}\``);
  }
  expect(lastStage()).toMatch(/^EXPOSE 6432 9930$/m);
});
