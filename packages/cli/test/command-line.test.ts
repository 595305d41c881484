import { readCommandLine } from '../src/command-line';

const RUN = {
  configPath: 'c.ini',
  daemon: false,
  quiet: false,
  verbose: 0,
  user: undefined,
  restart: false,
};

test.each([
  [['c.ini'], {}],
  [['-d', 'c.ini'], { daemon: true }],
  [['--daemon', '--quiet', 'c.ini'], { daemon: true, quiet: true }],
  [['-q', '-v', '-v', 'c.ini'], { quiet: true, verbose: 2 }],
  [['-vvd', 'c.ini'], { verbose: 2, daemon: true }],
  [['--verbose', 'c.ini'], { verbose: 1 }],
  [['-u', 'postgres', 'c.ini'], { user: 'postgres' }],
  [['-R', 'c.ini'], { restart: true }],
  [['--reboot', '-d', 'c.ini'], { restart: true, daemon: true }],
  [['--user=postgres', 'c.ini'], { user: 'postgres' }],
  [['c.ini', '-q'], { quiet: true }],
  [['--', '-odd.ini'], { configPath: '-odd.ini' }],
])('%j starts the daemon', (args, run) => {
  expect(readCommandLine(args)).toEqual({ kind: 'run', run: { ...RUN, ...run } });
});

test('--check only checks', () => {
  expect(readCommandLine(['--check', 'c.ini'])).toEqual({ kind: 'check', configPath: 'c.ini' });
});

test('--from-env takes the environment where there is no such file', () => {
  const path = (...args: readonly string[]) => readCommandLine(args);
  expect(path('--from-env')).toMatchObject({ run: { configPath: 'env:' } });
  expect(path('--from-env', '/nowhere/c.ini')).toMatchObject({ run: { configPath: 'env:' } });
  expect(path('--from-env', __filename)).toMatchObject({ run: { configPath: __filename } });
  expect(path('--check', '--from-env')).toEqual({ kind: 'check', configPath: 'env:' });
  expect(path('healthcheck', '--from-env', '/nowhere/c.ini')).toMatchObject({
    healthcheck: { target: { kind: 'config', path: 'env:' } },
  });
  for (const tool of ['doctor', 'top']) {
    const from = (target: string) =>
      tool === 'top' ? { top: { target: { path: target } } } : { doctor: { configPath: target } };
    expect(path(tool, '--from-env')).toMatchObject(from('env:'));
    expect(path(tool, '--from-env', __filename)).toMatchObject(from(__filename));
    expect(path(tool)).toMatchObject({ kind: 'exit' });
  }
  expect(path('healthcheck', '--from-env', '--addr', '[::1]:1')).toMatchObject({ kind: 'exit' });
});

test('iam-token prints a token, and starts nothing', () => {
  const args = ['iam-token', '--host', 'pgweir.example.org', '--region', 'us-east-1'];
  const token = { host: 'pgweir.example.org', region: 'us-east-1', expires: 900 };
  expect(readCommandLine(args)).toEqual({ kind: 'iam-token', token });
  expect(readCommandLine([...args, '--expires=60'])).toEqual({
    ...{ kind: 'iam-token', token: { ...token, expires: 60 } },
  });
  expect(readCommandLine(['--', 'iam-token'])).toMatchObject({ run: { configPath: 'iam-token' } });
  expect(readCommandLine(['iam-token', '--help'])).toMatchObject({
    ...{ code: 0, stdout: expect.stringMatching(/^Usage: pgweir iam-token \[options\]\n/) },
  });
});

test('healthcheck asks one pgweir', () => {
  const order = (...args: readonly string[]) => readCommandLine(['healthcheck', ...args]);
  expect(order('c.ini')).toEqual({
    kind: 'healthcheck',
    healthcheck: { target: { kind: 'config', path: 'c.ini' }, timeoutMs: 3000 },
  });
  expect(order('--addr', 'a:1', '--timeout', '10')).toEqual({
    kind: 'healthcheck',
    healthcheck: { target: { kind: 'http', addr: 'a:1' }, timeoutMs: 10_000 },
  });
  for (const args of [[], ['c.ini', '--addr', 'a:1'], ['c.ini', '--timeout', '0'], ['-x']]) {
    expect(order(...args)).toMatchObject({
      ...{ kind: 'exit', code: 3, stderr: expect.stringContaining('"pgweir healthcheck --help"') },
    });
  }
});

test.each([
  [['iam-token'], "required option '--host <name>' not specified"],
  [['iam-token', '--host', 'a'], "required option '--region <region>' not specified"],
  [['iam-token', '--host', 'a', '--region', 'b', '--expires', '0'], 'accepted: 1 to 900'],
  [['iam-token', '--host', 'a', '--region', 'b', '--expires', '901'], 'accepted: 1 to 900'],
  [['iam-token', '--host', 'a', '--region', 'b', '--expires', '6e1'], 'accepted: 1 to 900'],
  [['iam-token', '--host', 'a', '--region', 'b', 'c.ini'], 'too many arguments'],
])('%j is refused, as a command line of tokens', (args, message) => {
  expect(readCommandLine(args)).toMatchObject({
    ...{ kind: 'exit', code: 1, stdout: '', stderr: expect.stringContaining(message) },
  });
});

test('without a configuration file it says so, and where to look', () => {
  expect(readCommandLine([])).toEqual({
    kind: 'exit',
    code: 1,
    stdout: '',
    stderr: 'pgweir: no configuration file specified\nTry "pgweir --help" for more information.\n',
  });
});

test.each([
  [['-x', 'c.ini'], "unknown option '-x'"],
  [['-u'], 'argument missing'],
  [['a', 'b'], 'too many arguments'],
])('%j is refused', (args, message) => {
  expect(readCommandLine(args)).toMatchObject({
    kind: 'exit',
    code: 1,
    stderr: expect.stringContaining(message),
  });
});

test('help and version go to standard output and succeed', () => {
  expect(readCommandLine(['--help'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Usage: pgweir \[options\] \[config\.ini\]\n/),
    stderr: '',
  });
  expect(readCommandLine(['-V'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^pgweir \d+\.\d+\.\d+\n$/),
  });
});
