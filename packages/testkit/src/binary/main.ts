import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buildBinary } from './build';

const BYTES_PER_MB = 1_000_000;

const folder = join(__dirname, '..', '..', '..', '..', 'build');
mkdirSync(folder, { recursive: true });
const path = join(folder, 'pgweir');
buildBinary(path);
process.stdout.write(`${path}: ${Math.round(statSync(path).size / BYTES_PER_MB)} MB\n`);
