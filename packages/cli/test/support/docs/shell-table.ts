/** What shows that a command of a page does what the page says. */
export type Proof =
  /** `commands.test.ts` runs it, on the stage that the README has set. */
  | { readonly kind: 'run'; readonly how: 'check' | 'serves' | 'psql' | 'token' | 'tool' }
  /** A test elsewhere does, under a title that contains this. */
  | { readonly kind: 'test'; readonly file: string; readonly title: string }
  /** Every run of the whole suite needs it. */
  | { readonly kind: 'every run' }
  /** Nothing here can run it. */
  | { readonly kind: 'not run'; readonly why: string };

type Rows = readonly (readonly [begins: RegExp, proof: Proof])[];

const test = (file: string, title: string): Proof => ({ kind: 'test', file, title });
const notRun = (why: string): Proof => ({ kind: 'not run', why });
const RELEASE = 'packages/release/test/release.test.ts';
const release = (title: string): Proof => test(RELEASE, title);
const e2e = (name: string): string => `packages/cli/test/e2e/${name}.test.ts`;
const IMAGE = test(e2e('executable-container'), 'the command of the README runs it');

/**
 * Every command that a page may have, by its beginning. The first row that fits counts. Whoever writes a
 * new one adds a row: what runs it, or why nothing can.
 */
export const SHELL: Rows = [
  [/^npm ci$/, { kind: 'every run' }],
  [/^npm (test|run build)$/, { kind: 'every run' }],
  [
    /^npm run format$/,
    notRun('it writes to the tree; `npm test` runs the same tool, which only looks'),
  ],
  [/^npx jest (\S+)$/, { kind: 'every run' }],
  [
    /^npm start( -- --load \d+)?$/,
    test('packages/demo/test/demo.test.ts', 'the demo serves primary and replica'),
  ],
  [
    /^npm run burst -- --url \S+( --rounds \d+)?$/,
    test(e2e('burst'), '1,000 clients at once are served'),
  ],
  [/^npm run bench -- --(quick|only )/, notRun('it takes minutes; bench/test runs its parts')],
  [/^npm run example:serverless$/, test('examples/serverless/test/example.test.ts', 'functions')],
  [
    /^npm run bundle -w examples\/serverless$/,
    test('examples/serverless/test/example.test.ts', 'the function is one file'),
  ],
  [/^npm run build:binary$/, test(e2e('executable'), 'the executable serves from a folder')],
  [
    /^npm run docs -w packages\/cli$/,
    test('packages/cli/test/docs.test.ts', 'is in step with the tables'),
  ],
  [
    /^node packages\/testkit\/dist\/(\S+)\/main\.js --/,
    notRun('it takes minutes to hours; e2e tests of the same name run it for seconds'),
  ],
  [
    /^npx bun packages\/cli\/dist\/main\.js pgweir\.ini$/,
    notRun('the e2e tests do, once more on Bun'),
  ],
  [
    /^node --inspect packages\/cli\/dist\/main\.js pgweir\.ini$/,
    notRun('it waits for a debugger; without the flag it is what `npx pgweir` runs'),
  ],
  [/^(npx )?pgweir --check pgweir\.ini$/, { kind: 'run', how: 'check' }],
  [
    /^npx pgweir --check \/etc\/pgbouncer\/pgbouncer\.ini$/,
    test('packages/cli/test/config/moving-in.test.ts', 'a file that nothing is different for'),
  ],
  [/^(npx )?pgweir (-v )?pgweir\.ini$/, { kind: 'run', how: 'serves' }],
  [/^psql .*port=6432 user=app_user dbname=app/, { kind: 'run', how: 'psql' }],
  [/^psql -h 127\.0\.0\.1 -p 6432 -U dba pgbouncer( -c '[^']+')+$/, { kind: 'run', how: 'psql' }],
  ...tools(),
  [
    /^PGPASSWORD=\$\(pgweir iam-token --host \S+ --region \S+\) psql "/,
    { kind: 'run', how: 'token' },
  ],
  [/^pgweir -d -R \S+$/, test(e2e('restart'), 'takes over: nobody is refused')],
  [/^cp \S+\.service \/etc\/systemd\/system\/$/, notRun('it needs root')],
  [
    /^systemctl /,
    notRun('it needs systemd; a test has `systemd-analyze verify` look at the units, where it is'),
  ],
  [/^cd \S+$/, { kind: 'every run' }],
  ...containers(),
  ...releases(),
  [/^(aws|curl) /, notRun('it needs an account of AWS, or the network')],
  [
    /^terraform /,
    notRun('its registry and an account of AWS are needed; a test formats and compares the files'),
  ],
];

/** What the executable can do besides. Files and ports are those of the stage where they are run. */
function tools(): Rows {
  const newcomer = test(e2e('newcomer'), 'the two files and the commands behind them');
  const hash = test(e2e('hash-password'), 'PostgreSQL takes the verifier, and so does auth_file');
  const top = test(e2e('top'), 'as whom the file or the URL says');
  const fromEnv = test(
    'packages/cli/test/doctor/doctor.test.ts',
    'a configuration in variables is examined as one in a file',
  );
  const completion = test('packages/cli/test/completion.test.ts', 'the script for %s has every');
  const file = String.raw`(/etc/pgweir/)?pgweir\.ini`;
  return [
    [new RegExp(`^(npx )?pgweir (top|doctor|healthcheck) ${file}`), { kind: 'run', how: 'tool' }],
    [/^chmod 600 userlist\.txt$/, newcomer],
    [/^pgweir healthcheck --(addr|listen) /, { kind: 'run', how: 'tool' }],
    [/^pgweir top --url /, top],
    [/^pgweir doctor --from-env$/, fromEnv],
    [/^npx pgweir hash-password --user app_user$/, { kind: 'run', how: 'tool' }],
    [/^pgweir hash-password( --user app >> userlist\.txt| < password\.txt)?$/, hash],
    [/^(source <\()?pgweir completion (bash|zsh|fish)\b/, completion],
  ];
}

function containers(): Rows {
  const noImages = notRun('it needs images of others; `docker compose config` looks at the file');
  return [
    [/^docker build -f docker\/Dockerfile /, notRun('its base images are in a registry')],
    [/^docker push /, notRun('it needs a registry of images')],
    [/^docker run --read-only --cap-drop ALL -p 6432:6432 /, IMAGE],
    [/^psql "host=127\.0\.0\.1 port=6432 user=user dbname=app"$/, IMAGE],
    [/^docker\/make-secrets$/, test('packages/cli/test/docker/compose.test.ts', 'make-secrets')],
    [/^docker compose -f docker\/compose\.yaml up /, noImages],
    [/^PGPASSWORD=\$\(cat docker\/secrets\/app-password\) psql /, noImages],
    [/^(kubectl|helm) /, notRun('it needs a cluster; a test renders the chart')],
  ];
}

function releases(): Rows {
  const root = notRun('it needs root; tests unpack the package, and run what is in it');
  return [
    [/^npm run version-set \S+$/, test('packages/release/test/versions.test.ts', 'is set every')],
    [/^npm run release( -- .*)?$/, release('every published package is there')],
    [/^sha256sum --check /, release('and a checksum of everything')],
    [/^npm install --global (pgweir|@pgweir\/aws)$/, release('the packages work together')],
    [/^sudo pgweir --check /, release('the configuration in the Debian package can be used')],
    [/^(sudo |sudoedit |journalctl )/, root],
    [/^tar -xzf pgweir-VERSION-/, notRun('archives of executables take minutes to make')],
    [/^pgweir --version$/, test(e2e('executable'), 'the executable says its version')],
    [/^(gpg |git tag |for file in |do npm publish |done$)/, notRun('it publishes a release')],
  ];
}

/** How `command` is covered; undefined: nobody has said. */
export function proofOf(command: string): Proof | undefined {
  return SHELL.find(([begins]) => begins.test(command))?.[1];
}
