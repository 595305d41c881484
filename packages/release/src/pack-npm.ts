import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageProblems } from './package-problems';
import type { Release } from './release';
import { run } from './run';
import { publishedPackages, type WorkspacePackage } from './workspace';

/** Of the compiler, for itself; or for editors that have our sources, which are not packed. */
const NOT_PACKED = /\.(tsbuildinfo|d\.ts\.map)$/;

/**
 * Packs every published package into `npm/` of the release, and checks what is in them.
 *
 * @returns the paths of the tarballs
 * @throws Error when a package has what it must not have, or lacks what it needs
 */
export function packNpm(release: Release): readonly string[] {
  const folder = join(release.out, 'npm');
  mkdirSync(folder, { recursive: true });
  return publishedPackages(release.root).map((item) => {
    const stage = stagePackage(release, item);
    const problems = packageProblems(release.root, item, { stage, files: filesBelow(stage) });
    if (problems.length > 0) throw new Error(problems.join('\n'));
    // Neither scripts nor the time of files: the same stage gives the same bytes.
    const packed = run(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--pack-destination', folder],
      {
        cwd: stage,
      },
    );
    const [{ filename }]: readonly [{ readonly filename: string }] = JSON.parse(packed);
    release.say(`npm/${filename}`);
    return join(folder, filename);
  });
}

/** The package as it is packed: what `files` names, its package.json, a licence and a README. */
function stagePackage(release: Release, { dir, manifest }: WorkspacePackage): string {
  const source = join(release.root, dir);
  const stage = join(release.scratch, 'npm', manifest.name.replace('/', '-'));
  mkdirSync(stage, { recursive: true });
  for (const name of ['package.json', ...(manifest.files ?? [])]) {
    if (!existsSync(join(source, name))) throw new Error(`${dir} has no ${name}: build first`);
    cpSync(join(source, name), join(stage, name), {
      recursive: true,
      filter: (path) => !NOT_PACKED.test(path),
    });
  }
  cpSync(join(release.root, 'LICENSE'), join(stage, 'LICENSE'));
  const readme = join(source, 'README.md');
  writeFileSync(
    join(stage, 'README.md'),
    existsSync(readme)
      ? readFileSync(readme)
      : `# ${manifest.name}\n\n${manifest.description}.\n\nA part of pgweir, released with it under the same version.\n`,
  );
  return stage;
}

function filesBelow(folder: string, below = ''): readonly string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(folder, path) : [path];
  });
}
