import { readFileSync } from 'node:fs';
import { selfTimes } from './self-time';

const SHARE_MIN = 0.005;

/** Prints where the time of a `.cpuprofile` went: `node bench/dist/profile/main.js FILE`. */
function main(): void {
  const [path] = process.argv.slice(2);
  if (path === undefined) throw new Error('which .cpuprofile?');
  for (const { place, share } of selfTimes(JSON.parse(readFileSync(path, 'utf8')))) {
    if (share < SHARE_MIN) return;
    process.stdout.write(`${(100 * share).toFixed(1).padStart(5)} %  ${place}\n`);
  }
}

main();
