import { join } from 'node:path';
import { FileTree } from './file-tree';
import type { Executable } from './make-executables';
import { type Release, releaseFile } from './release';
import { run } from './run';

/** As people unpack it where there is no package for their system. */
export function makeArchive(
  release: Release,
  { target, path: program }: Executable,
  notices: string,
): string {
  const name = releaseFile(release, target.name);
  const parent = join(release.scratch, 'archives');
  const tree = new FileTree(join(parent, name));
  const cli = join(release.root, 'packages', 'cli');
  tree.add('pgweir', { same: program }, 0o755);
  tree.add('LICENSE', { copyOf: join(release.root, 'LICENSE') });
  tree.add('NOTICES.txt', { text: notices });
  for (const file of ['pgweir.ini', 'userlist.txt']) {
    tree.add(file, { copyOf: join(cli, 'config', file) });
  }
  const documents = ['pgweir.1', 'pgweir.5'];
  if (target.platform === 'linux') documents.push('pgweir.service', 'pgweir.socket');
  for (const file of documents) tree.add(file, { copyOf: join(cli, 'docs', file) });
  tree.seal(release.epoch);
  const path = join(release.out, `${name}.tar.gz`);
  const owner = ['--owner=0', '--group=0', '--numeric-owner', '--format=ustar', '--sort=name'];
  const gzip = release.quick ? 'gzip -n -1' : 'gzip -n -9';
  run('tar', [...owner, `--use-compress-program=${gzip}`, '-C', parent, '-cf', path, name]);
  release.say(`${name}.tar.gz`);
  return path;
}
