import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PAGES } from './pages';

const folder = path.join(__dirname, '..', '..', 'docs');
mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(PAGES)) {
  const file = path.join(folder, name);
  writeFileSync(file, text());
  process.stdout.write(`written: ${file}\n`);
}
