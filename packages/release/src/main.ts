import { Command, InvalidArgumentError } from 'commander';
import { makeRelease, PARTS, type Part } from './make-release';
import { ROOT } from './workspace';

interface Flags {
  readonly only?: readonly Part[];
  readonly skip?: readonly Part[];
  readonly out?: string;
  readonly quick?: true;
}

function partsOf(text: string): readonly Part[] {
  return text.split(',').map((name) => {
    const part = PARTS.find((known) => known === name.trim());
    if (part === undefined) throw new InvalidArgumentError(`accepted: ${PARTS.join(', ')}`);
    return part;
  });
}

const command = new Command('release')
  .description('Builds everything of a release into build/release/VERSION.')
  .option('--only <parts>', `some of ${PARTS.join(', ')}`, partsOf)
  .option('--skip <parts>', 'all but these', partsOf)
  .option('--out <folder>', 'another folder, empty or with a release, whose place it takes')
  .option('--quick', 'for this machine only, and compressed little')
  .allowExcessArguments(false)
  .parse();

const { only = PARTS, skip = [], out, quick = false } = command.opts<Flags>();
const started = performance.now();
const folder = makeRelease({
  root: ROOT,
  parts: new Set(only.filter((part) => !skip.includes(part))),
  out,
  quick,
  say: (line) => process.stdout.write(`${line}\n`),
});
const seconds = Math.round((performance.now() - started) / 1000);
process.stdout.write(`${folder}: everything above, and SHA256SUMS, after ${seconds} s\n`);
