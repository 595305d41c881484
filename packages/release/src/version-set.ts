import { setVersion, statedVersions, VERSION_PATTERN } from './versions/places';
import { ROOT } from './workspace';

/** `npm run version-set 0.2.0`: one version for everything; without a version: says which there are. */
function main(args: readonly string[]): number {
  const [version, ...more] = args;
  if (version === undefined) {
    for (const { path, what, version: stated } of statedVersions(ROOT)) {
      process.stdout.write(`${stated}  ${path} (${what})\n`);
    }
    return 0;
  }
  if (more.length > 0 || !new RegExp(`^${VERSION_PATTERN.source}$`).test(version)) {
    process.stderr.write(`"${args.join(' ')}" is no version: accepted is one such as 0.2.0\n`);
    return 2;
  }
  const changed = setVersion(ROOT, version);
  for (const path of changed) process.stdout.write(`${path}: ${version}\n`);
  process.stdout.write(`Now write its section in CHANGELOG.md ("## ${version} (date)").\n`);
  return 0;
}

process.exitCode = main(process.argv.slice(2));
