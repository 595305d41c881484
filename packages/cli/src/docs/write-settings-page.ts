import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { settingsPage } from './settings-page';

const file = path.join(__dirname, '..', '..', 'docs', 'settings.md');
mkdirSync(path.dirname(file), { recursive: true });
writeFileSync(file, settingsPage());
process.stdout.write(`written: ${file}\n`);
