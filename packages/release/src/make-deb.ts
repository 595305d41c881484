import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileTree } from './file-tree';
import type { Executable } from './make-executables';
import type { Release } from './release';
import { hasProgram, run } from './run';

/** Whom lintian and apt name; DEBFULLNAME and DEBEMAIL as for Debian's own tools. */
function maintainer(): string {
  const { DEBFULLNAME = 'The pgweir authors', DEBEMAIL = 'pgweir@localhost' } = process.env;
  return `${DEBFULLNAME} <${DEBEMAIL}>`;
}

/** The version as Debian orders it: what comes before a release has a tilde. */
export function debianVersion(version: string): string {
  return `${version.replace('-', '~').replaceAll('-', '.')}-1`;
}

/**
 * Packs the executable for Debian: with unit, configuration, manuals, completion and the scripts in
 * packages/release/debian.
 *
 * @returns the package's path, or why there is none
 */
export function makeDeb(
  release: Release,
  { target, path: program }: Executable,
  notices: string,
): string | undefined {
  const architecture = target.debian;
  if (architecture === undefined) return undefined;
  if (!hasProgram('dpkg-deb')) {
    release.say(`deb for ${architecture}: skipped: there is no dpkg-deb on this machine`);
    return undefined;
  }
  const version = debianVersion(release.version);
  const name = `pgweir_${version}_${architecture}.deb`;
  const tree = new FileTree(join(release.scratch, 'deb', architecture));
  addProgram(release, tree, program);
  addDocuments(release, tree, { version, notices });
  addControl(release, tree, { version, architecture, program });
  tree.seal(release.epoch, { 'etc/pgweir': 0o750 });
  const compression = release.quick ? ['-Znone'] : ['-Zxz'];
  const path = join(release.out, name);
  // The name of the package's format has a time in it, which comes from this variable.
  run('dpkg-deb', ['--root-owner-group', ...compression, '--build', tree.folder, path], {
    env: { SOURCE_DATE_EPOCH: String(release.epoch) },
  });
  release.say(name);
  return path;
}

function addProgram(release: Release, tree: FileTree, program: string): void {
  const docs = join(release.root, 'packages', 'cli', 'docs');
  const debian = join(release.root, 'packages', 'release', 'debian');
  tree.add('usr/bin/pgweir', { same: program }, 0o755);
  for (const unit of ['pgweir.service', 'pgweir.socket']) {
    tree.add(`usr/lib/systemd/system/${unit}`, { copyOf: join(docs, unit) });
  }
  for (const name of ['pgweir.ini', 'userlist.txt']) {
    tree.add(`etc/pgweir/${name}`, { copyOf: join(debian, name) }, 0o640);
  }
  const text = bashCompletion(release);
  if (text !== undefined) tree.add('usr/share/bash-completion/completions/pgweir', { text });
}

/** As the program itself prints it, which is the same on every machine. */
function bashCompletion(release: Release): string | undefined {
  const main = join(release.root, 'packages', 'cli', 'bin', 'pgweir.js');
  const [word] = ['completion'];
  if (!run(process.execPath, [main, '--help']).includes(word)) return undefined;
  return run(process.execPath, [main, word, 'bash']);
}

function addDocuments(
  release: Release,
  tree: FileTree,
  { version, notices }: { readonly version: string; readonly notices: string },
): void {
  const read = (...path: string[]) => readFileSync(join(release.root, ...path), 'utf8');
  for (const section of [1, 5]) {
    const page = read('packages', 'cli', 'docs', `pgweir.${section}`);
    tree.addGzipped(`usr/share/man/man${section}/pgweir.${section}`, page);
  }
  const folder = 'usr/share/doc/pgweir';
  tree.add(`${folder}/copyright`, { text: read('packages', 'release', 'debian', 'copyright') });
  tree.addGzipped(`${folder}/NOTICES`, notices);
  tree.addGzipped(`${folder}/changelog`, read('CHANGELOG.md'));
  tree.addGzipped(`${folder}/changelog.Debian`, debianChangelog(release, version));
  for (const name of ['pgweir.ini', 'userlist.txt']) {
    const example = read('packages', 'cli', 'config', name);
    tree.add(`${folder}/examples/${name}`, { text: example });
  }
  tree.add('usr/share/lintian/overrides/pgweir', {
    text: read('packages', 'release', 'debian', 'lintian-overrides'),
  });
}

function debianChangelog({ epoch }: Release, version: string): string {
  // RFC 5322, but with a numeric zone.
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  return [
    `pgweir (${version}) stable; urgency=medium`,
    '',
    '  * What has changed is in changelog.gz.',
    '',
    ` -- ${maintainer()}  ${date}`,
    '',
  ].join('\n');
}

function addControl(
  release: Release,
  tree: FileTree,
  fields: { readonly version: string; readonly architecture: string; readonly program: string },
): void {
  const folder = join(release.root, 'packages', 'release', 'debian');
  // Kilobytes. Nearly all of it is the program.
  const size = Math.ceil(statSync(fields.program).size / 1024) + 500;
  const control = readFileSync(join(folder, 'control'), 'utf8')
    .replace('{version}', fields.version)
    .replace('{architecture}', fields.architecture)
    .replace('{maintainer}', maintainer())
    .replace('{size}', String(size));
  tree.add('DEBIAN/control', { text: control });
  tree.add('DEBIAN/conffiles', { copyOf: join(folder, 'conffiles') });
  for (const script of ['postinst', 'prerm', 'postrm']) {
    tree.add(`DEBIAN/${script}`, { copyOf: join(folder, script) }, 0o755);
  }
}
