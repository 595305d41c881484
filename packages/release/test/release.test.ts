import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { buildPage, makeScratch, type Scratch } from '@pgweir/testkit';
import { debianVersion } from '../src/make-deb';
import { makeRelease, type Part } from '../src/make-release';
import { hasProgram, run } from '../src/run';
import { publishedPackages, ROOT, readManifest } from '../src/workspace';

const DEADLINE_MS = 180_000;
const { version } = readManifest(ROOT);
const hasDpkg = hasProgram('dpkg-deb');
const withDpkg = (name: string, body: () => void): void => {
  if (hasDpkg) test(name, body);
  else test.skip(`${name} (skipped: there is no dpkg-deb on this machine)`, body);
};
const withSystemd = (name: string, body: () => void): void => {
  if (hasProgram('systemd-analyze')) test(name, body);
  else test.skip(`${name} (skipped: there is no systemd-analyze on this machine)`, body);
};

let scratch: Scratch;
let folder: string;
const said: string[] = [];

function release(name: string, parts: readonly Part[]): string {
  const say = (line: string): void => {
    said.push(line);
  };
  const out = join(scratch.dir, name);
  return makeRelease({ root: ROOT, parts: new Set(parts), out, quick: true, say });
}

beforeAll(() => {
  process.env.SOURCE_DATE_EPOCH = '1700000000';
  scratch = makeScratch('disk');
  buildPage();
  const path = process.env.PATH;
  try {
    process.env.PATH = `${fakeEngine()}:${path}`;
    folder = release('first', ['npm', 'deb', 'sbom', 'image']);
  } finally {
    process.env.PATH = path;
  }
}, DEADLINE_MS);

/** A `docker` that keeps what it is given to build with. @returns the folder that it is in */
function fakeEngine(): string {
  const bin = join(scratch.dir, 'bin');
  mkdirSync(bin);
  const script = `#!/bin/sh
case $1 in
build)
  printf '%s\\n' "$@" > '${scratch.dir}/build.txt'
  for argument; do case $argument in executable=*) cp -R "\${argument#*=}" '${scratch.dir}/context' ;; esac; done ;;
save) echo image > "$3" ;;
esac
`;
  writeFileSync(join(bin, 'docker'), script, { mode: 0o755 });
  return bin;
}

test('the image has the executable of the release, with the licences of all that is in it', () => {
  const given = readFileSync(join(scratch.dir, 'build.txt'), 'utf8').split('\n');
  expect(given).toContain(`VERSION=${version}`);
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' });
  expect(given).toContain(`REVISION=${commit.trim()}`);
  const context = join(scratch.dir, 'context');
  expect(run(join(context, 'pgweir'), ['--version'])).toBe(`pgweir ${version}\n`);
  const notices = readFileSync(join(context, 'licenses', 'NOTICES.txt'), 'utf8');
  expect(notices).toContain('winston');
  expect(readdirSync(join(context, 'licenses')).sort()).toEqual(['LICENSE', 'NOTICES.txt']);
  // What the Dockerfile takes from there.
  const dockerfile = readFileSync(join(ROOT, 'docker', 'Dockerfile'), 'utf8');
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  const taken = [...last.matchAll(/^COPY --from=executable (?:--chmod=\d+ )?\/(\w+) /gm)];
  expect(taken.map(([, name]) => name)).toEqual(['pgweir', 'licenses']);
  expect(readdirSync(folder)).toContain(`pgweir-${version}-image.tar`);
});

afterAll(() => {
  delete process.env.SOURCE_DATE_EPOCH;
  scratch?.remove();
});

/** The Debian package as it was put together; once for all tests. */
function unpackedDeb(): string {
  const path = join(scratch.dir, 'unpacked');
  if (existsSync(path)) return path;
  const [deb] = readdirSync(folder).filter((name) => name.endsWith('.deb'));
  execFileSync('dpkg-deb', ['-R', join(folder, deb ?? ''), path]);
  return path;
}

test('every published package is there, and a checksum of everything', () => {
  const packages = publishedPackages(ROOT).map(
    ({ manifest }) => `${manifest.name.replace('@', '').replace('/', '-')}-${version}.tgz`,
  );
  expect(readdirSync(join(folder, 'npm')).sort()).toEqual([...packages].sort());
  const sums = readFileSync(join(folder, 'SHA256SUMS'), 'utf8');
  expect(sums.trim().split('\n')).toHaveLength(packages.length + 3 + (hasDpkg ? 1 : 0));
  execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: folder });
});

test('the packages work together with nothing else but what they declare', () => {
  const modules = join(scratch.dir, 'installed', 'node_modules');
  for (const { dir, manifest } of publishedPackages(ROOT)) {
    const place = join(modules, manifest.name);
    mkdirSync(place, { recursive: true });
    const name = `${manifest.name.replace('@', '').replace('/', '-')}-${version}.tgz`;
    const unpack = ['-xzf', join(folder, 'npm', name), '-C', place, '--strip-components=1'];
    execFileSync('tar', unpack);
    linkDeclared(dir, modules);
  }
  const program = join(modules, 'pgweir', 'bin', 'pgweir.js');
  expect(run(process.execPath, [program, '--version'])).toBe(`pgweir ${version}\n`);
  const config = join(modules, 'pgweir', 'config', 'pgweir.ini');
  const checked = run(process.execPath, [program, '--check', 'pgweir.ini'], {
    cwd: dirname(config),
  });
  expect(checked).toContain('can be used: 0 problems');
});

/** What npm would install for a package: links to where it is installed for the workspace. */
function linkDeclared(dir: string, modules: string): void {
  const manifest: Readonly<Record<string, Readonly<Record<string, string>> | undefined>> =
    JSON.parse(readFileSync(join(ROOT, dir, 'package.json'), 'utf8'));
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
    const place = join(modules, name);
    if (name.startsWith('@pgweir/') || lstatSync(place, { throwIfNoEntry: false })) continue;
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), place);
  }
}

interface Bill {
  readonly components: readonly {
    readonly 'bom-ref': string;
    readonly name: string;
    readonly licenses?: readonly unknown[];
    readonly hashes?: readonly unknown[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

function bill(kind: string): Bill {
  return JSON.parse(readFileSync(join(folder, `pgweir-${version}-${kind}.cdx.json`), 'utf8'));
}

test('the bill of the executable has Bun, and of the packages only what is bundled', () => {
  const names = bill('executable').components.map(({ name }) => name);
  for (const name of ['bun', 'pg', 'winston', 'libpg-query', '@aws-sdk/client-secrets-manager']) {
    expect(names).toContain(name);
  }
  // Native, and for Node.js only.
  expect(names).not.toContain('koffi');
  expect(bill('npm').components.map(({ name }) => name)).toContain('koffi');
});

test.each(['npm', 'executable'])('the bill of %s names licence and hash, and is closed', (kind) => {
  const { components, dependencies } = bill(kind);
  const refs = new Set(components.map((component) => component['bom-ref']));
  expect(refs.size).toBe(components.length);
  expect(components.filter(({ licenses }) => licenses === undefined)).toEqual([]);
  const unhashed = components.filter(({ hashes }) => hashes === undefined);
  expect(unhashed.map(({ name }) => name)).toEqual(kind === 'npm' ? [] : ['bun']);
  const open = dependencies.flatMap(({ dependsOn }) => dependsOn.filter((ref) => !refs.has(ref)));
  expect(open).toEqual([]);
});

withDpkg('the Debian package has the program, its unit, files of its owner and its manuals', () => {
  const root = unpackedDeb();
  const mode = (path: string): string => (statSync(join(root, path)).mode & 0o777).toString(8);
  expect(run(join(root, 'usr/bin/pgweir'), ['--version'])).toBe(`pgweir ${version}\n`);
  expect({
    folder: mode('etc/pgweir'),
    config: mode('etc/pgweir/pgweir.ini'),
    users: mode('etc/pgweir/userlist.txt'),
    unit: mode('usr/lib/systemd/system/pgweir.service'),
    script: mode('DEBIAN/postinst'),
  }).toEqual({ folder: '750', config: '640', users: '640', unit: '644', script: '755' });
  const control = readFileSync(join(root, 'DEBIAN/control'), 'utf8');
  expect(control).toContain(`Version: ${debianVersion(version)}\n`);
  expect(control).not.toMatch(/[{}]/);
  const conffiles = readFileSync(join(root, 'DEBIAN/conffiles'), 'utf8').trim().split('\n');
  expect(conffiles).toEqual(readdirSync(join(root, 'etc/pgweir')).map((f) => `/etc/pgweir/${f}`));
  for (const name of ['postinst', 'prerm', 'postrm']) run('sh', ['-n', join(root, 'DEBIAN', name)]);
  const notices = run('zcat', [join(root, 'usr/share/doc/pgweir/NOTICES.gz')]);
  for (const name of ['Bun ', 'winston ', '@aws-sdk/core ', 'libpg-query ']) {
    expect(notices).toContain(`\n${name}`);
  }
});

withDpkg('the configuration in the Debian package can be used as it is', () => {
  const root = unpackedDeb();
  const config = join(root, 'etc/pgweir/pgweir.ini');
  const text = readFileSync(config, 'utf8');
  // Where it will be once it is installed.
  writeFileSync(config, text.replaceAll(' /etc/pgweir', ` ${root}/etc/pgweir`));
  const checked = run(join(root, 'usr/bin/pgweir'), ['--check', config]);
  expect(checked).toContain('can be used: 0 problems, 1 warning');
});

test.each([
  ['0.2.0', '0.2.0-1'],
  ['0.2.0-rc.1', '0.2.0~rc.1-1'],
  ['1.0.0-alpha-2', '1.0.0~alpha.2-1'],
])('%s is %s for Debian', (ours, theirs) => {
  expect(debianVersion(ours)).toBe(theirs);
});

test(
  'a second run gives the same Debian package and the same bills',
  () => {
    const sums = (dir: string): readonly string[] =>
      readFileSync(join(dir, 'SHA256SUMS'), 'utf8').trim().split('\n');
    const first = sums(folder).filter((line) => !/ npm\/|-image\.tar$/.test(line));
    expect(sums(release('second', ['deb', 'sbom']))).toEqual(first);
  },
  DEADLINE_MS,
);

describe('a folder that is there already', () => {
  const write = (name: string, path: string, text = ''): string => {
    const out = join(scratch.dir, name);
    mkdirSync(dirname(join(out, path)), { recursive: true });
    writeFileSync(join(out, path), text);
    return out;
  };

  test.each([
    ['mine.txt', 'is not empty, and no release'],
    // So has many a folder with a download.
    ['SHA256SUMS', 'is not empty, and no release'],
  ])('with %s is left alone', (file, why) => {
    const out = write(`else-${file}`, file);
    expect(() => release(`else-${file}`, [])).toThrow(why);
    expect(readdirSync(out)).toEqual([file]);
  });

  test('with a release gives way to the next one, unless somebody has put something beside it', () => {
    const out = release('again', []);
    const sum = 'a'.repeat(64);
    write('again', 'npm/old.tgz');
    writeFileSync(join(out, 'SHA256SUMS'), `${sum}  npm/old.tgz\n`);
    write('again', 'SHA256SUMS.asc');
    expect(() => release('again', [])).toThrow('does not list: SHA256SUMS.asc');
    expect(readdirSync(join(out, 'npm'))).toEqual(['old.tgz']);
    rmSync(join(out, 'SHA256SUMS.asc'));
    release('again', []);
    expect(existsSync(join(out, 'npm'))).toBe(false);
    expect(readFileSync(join(out, 'SHA256SUMS'), 'utf8')).toBe('');
  });

  test('what an unfinished one has left goes, and nothing else of that name', () => {
    const making = write('left.making', 'mine.txt');
    expect(() => release('left', [])).toThrow('no unfinished release');
    expect(readdirSync(making)).toEqual(['mine.txt']);
    write('left.making', '.pgweir-release');
    release('left', []);
    expect(existsSync(making)).toBe(false);
  });
});

withSystemd('the unit is one that systemd can read, and exposes little', () => {
  const docs = join(ROOT, 'packages', 'cli', 'docs');
  const unit = join(scratch.dir, 'pgweir.service');
  const text = readFileSync(join(docs, 'pgweir.service'), 'utf8');
  // There is no such program on this machine, and the manuals need not be installed.
  writeFileSync(unit, text.replace('/usr/bin/pgweir', '/bin/true'));
  run('systemd-analyze', ['verify', '--man=no', unit]);
  // 10 would be a service without any of it. The sum is in tenths.
  run('systemd-analyze', ['security', '--offline=true', '--threshold=20', unit]);
});
