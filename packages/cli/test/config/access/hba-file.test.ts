import * as fc from 'fast-check';
import { type HbaRule, readHbaFile } from '../../../src/config/access/hba-file';
import { Findings } from '../../../src/config/finding';
import { CWD, type Files, reading } from '../../support/config-files';

interface Reading {
  readonly rules: readonly HbaRule[];
  /** `file:line: message` */
  readonly problems: readonly string[];
}

function read(text: string, files: Files = {}): Reading {
  const findings = new Findings();
  const access = { cwd: CWD, readFile: reading(files) };
  const file = { resolved: `${CWD}/hba.conf`, shown: 'hba.conf' };
  const rules = readHbaFile(text, file, { access, findings });
  const problems = findings.of('problem').map((f) => `${f.file}:${f.line}: ${f.message}`);
  return { rules, problems };
}

/** The only rule of a text without problems. */
function only(text: string, files: Files = {}) {
  const { rules, problems } = read(text, files);
  expect(problems).toEqual([]);
  expect(rules).toHaveLength(1);
  return rules[0];
}

const list = (changes: object) => ({
  ...{ all: false, sameUser: false, replication: false, names: [] },
  ...changes,
});

test('comments and empty lines are no rules, and lines are counted', () => {
  const { rules } = read('\uFEFF# who\n\n  \t\r\nlocal all all trust # here\n#local x y md5\n');
  expect(rules).toEqual([
    {
      ...{ file: 'hba.conf', line: 4, mapName: undefined },
      rule: {
        ...{ connection: 'local', databases: list({ all: true }), users: list({ all: true }) },
        ...{ network: undefined, method: 'trust' },
      },
    },
  ]);
});

test.each([
  ['local all all trust', 'trust'],
  ['local all all reject', 'reject'],
  ['local all all md5', 'md5'],
  ['local all all password', 'plain'],
  ['local all all scram-sha-256', 'scram-sha-256'],
  ['local all all peer', 'peer'],
  ['host all all all ldap ldapserver="a b" "ldapprefix=cn=" ldapsuffix=", dc=x"', 'ldap'],
  ['hostssl all all all cert', 'cert'],
  ['host all all all cert', 'cert'],
])('%s', (line, method) => {
  expect(only(line)?.rule.method).toBe(method);
});

test.each([
  ['all', list({ all: true })],
  ['sameuser', list({ sameUser: true })],
  ['replication', list({ replication: true })],
  ['"all"', list({ names: ['all'] })],
  ['"sameuser","replication"', list({ names: ['sameuser', 'replication'] })],
  ['a,b , "c d","e""f"', list({ names: ['a', 'b', 'c d', 'e"f'] })],
  ['shop,replication', list({ replication: true, names: ['shop'] })],
  ['"@x","+y","/z","a#b","a,b"', list({ names: ['@x', '+y', '/z', 'a#b', 'a,b'] })],
  ['ALL', list({ names: ['ALL'] })],
  ['a,a', list({ names: ['a'] })],
])('databases %s', (field, expected) => {
  expect(only(`local ${field} all trust`)?.rule.databases).toEqual(expected);
});

test('a user may be called replication, and anything in quotes', () => {
  const users = only('local all replication,"sameuser","samerole" trust')?.rule.users;
  expect(users).toEqual(list({ names: ['replication', 'sameuser', 'samerole'] }));
});

test.each([
  ['10.0.0.0/8', [10, 0, 0, 0], [255, 0, 0, 0]],
  ['10.0.0.0 255.0.0.0', [10, 0, 0, 0], [255, 0, 0, 0]],
  ['10.128.0.0/9', [10, 128, 0, 0], [255, 128, 0, 0]],
  ['0.0.0.0/0', [0, 0, 0, 0], [0, 0, 0, 0]],
  ['1.2.3.4/32', [1, 2, 3, 4], [255, 255, 255, 255]],
  ['::1/128', [...new Array(15).fill(0), 1], new Array(16).fill(255)],
  ['::/0', new Array(16).fill(0), new Array(16).fill(0)],
  ['fd00:: ffff::', [0xfd, ...new Array(15).fill(0)], [255, 255, ...new Array(14).fill(0)]],
  ['::ffff:10.0.0.0/104', [10, 0, 0, 0], [255, 0, 0, 0]],
])('address %s', (field, address, mask) => {
  expect(only(`host all all ${field} md5`)?.rule.network).toEqual({ address, mask });
});

test('the address all is every address', () => {
  expect(only('host all all all md5')?.rule.network).toBeUndefined();
});

test('map= is kept for cert and peer', () => {
  expect(only('local all all peer map=ops')?.mapName).toBe('ops');
  expect(only('hostssl all all all cert map=certs')?.mapName).toBe('certs');
});

test.each([
  ['loca all all trust', '"loca" is no kind of connection; accepted: local, host'],
  ['"local" all all trust', 'no kind of connection'],
  ['hostgssenc all all all trust', 'no kind of connection'],
  ['include other.conf', 'no kind of connection'],
  ['local', 'the name of a database is missing'],
  ['local all', 'the name of a user is missing'],
  ['local all all', 'the method is missing'],
  ['local a, all', 'the name of a user is missing'],
  ['local ,a all trust', 'found a comma'],
  ['local a,,b all trust', 'found a comma'],
  ['local "" all trust', 'a name is empty'],
  ['local all all trust trust', '"trust" is not understood'],
  ['local all all ident', '"ident" is no method; accepted: trust, reject'],
  ['local all all any', '"any" is no method'],
  ['local all all "trust"', '"trust" is no method'],
  ['local all all TRUST', 'is no method'],
  ['host all all all ldap ldapserver=x', 'ldapbasedn, ldapprefix or ldapsuffix has to be given'],
  ['host all all all pam', '"pam" is not supported; accepted: '],
  ['host all all trust', '"trust" is no IP address'],
  ['host all all 10.0.0.1 trust', '"trust" is no mask'],
  ['host all all 10.0.0.0/33 trust', '/33 is no mask: accepted are /0 to /32'],
  ['host all all 10.0.0.0/ trust', 'is no mask'],
  ['host all all 10.0.0.0/8x trust', 'is no mask'],
  ['host all all 10.0.0.0/-1 trust', 'is no mask'],
  ['host all all ::/129 trust', '/129 is no mask'],
  ['host all all 10.0.0.0/8/8 trust', 'is no IP address'],
  ['host all all 10.0.0.0 ffff:: trust', 'is no mask for an address of that kind'],
  ['host all all 10.0.0.5/24 trust', 'bits outside of its mask'],
  ['host all all fd00::5/64 trust', 'bits outside of its mask'],
  ['host all all db.example.test trust', 'names are not looked up'],
  ['host all all .example.test trust', 'names are not looked up'],
  ['host all all samehost trust', 'samehost is not supported, nor is it in PgBouncer'],
  ['host all all samenet trust', 'samenet is not supported'],
  ['host all all "10.0.0.0/8" trust', 'not put in quotes'],
  ['host all all all peer', 'peer works with local only'],
  ['local all all cert', 'cert needs TLS'],
  ['hostnossl all all all cert', 'cert needs TLS'],
  ['local all all md5 map=x', 'with cert, peer and iam only'],
  ['local all all peer map=', 'is not understood'],
  ['local all all peer map=x y', 'nothing may stand behind'],
  ['hostssl all all all cert clientcert=verify-full', 'is not understood'],
  ['local samerole all trust', 'samerole is not supported'],
  ['local samegroup all trust', 'samegroup is not supported'],
  ['local all sameuser trust', 'sameuser is for databases'],
  ['local all samerole trust', 'samerole is not supported'],
  ['local all +admins trust', 'roles are not asked for members'],
  ['local all /^a trust', 'regular expressions are not supported'],
  ['local "all all trust', 'a quote is not closed'],
  ['local a"b" all trust', 'in the middle of a name'],
  ['local a="b" all trust', 'in the middle of a name'],
  ['local all all peer map="x"', 'in the middle of a name'],
  ['local all all ldap ldapserver=x"y"', 'in the middle of a name'],
  ['local "a"b all trust', 'in the middle of a name'],
  ['local "a""b""" "c"d trust', 'in the middle of a name'],
])('%s is a problem', (line, message) => {
  const { problems } = read(`# first\n${line}\nlocal all all trust\n`);
  expect(problems).toEqual([expect.stringContaining(message)]);
  expect(problems[0]).toMatch(/^hba\.conf:2: /);
});

test('a line with a NUL byte, or one without end, is a problem', () => {
  const lines = ['local all all tr\0ust', `local ${'a,'.repeat(5000)}b all trust`];
  expect(read(lines.join('\n')).problems).toEqual([
    'hba.conf:1: the line contains a NUL byte',
    'hba.conf:2: the line is longer than 8192 characters',
  ]);
});

test('an address with bits outside of its mask is shown as it was probably meant', () => {
  const { problems } = read('host all all 10.0.0.5/24 trust\nhost all all fd00::5/64 trust');
  expect(problems).toEqual([
    expect.stringMatching(/10\.0\.0\.0$/),
    expect.stringMatching(/fd00::$/),
  ]);
});

test('every bad line is reported at once, and a file of another kind not without end', () => {
  expect(read('x\nlocal all all trust\ny\n').problems).toHaveLength(2);
  const { problems } = read('nonsense\n'.repeat(5000));
  expect(problems).toHaveLength(101);
  expect(problems.at(-1)).toContain('the rest is not read');
});

describe('files of names', () => {
  const AT = (name: string) => `${CWD}/${name}`;

  test('hold names with blanks, commas and line ends between them, and keywords', () => {
    const files = { [AT('names')]: 'a b,c\n\n# x\n"d e",\n,f\r\n' };
    expect(only('local @names,g all trust', files)?.rule.databases.names).toEqual([
      ...['a', 'b', 'c', 'd e', 'f', 'g'],
    ]);
    const keywords = { [AT('names')]: 'all "all"' };
    const users = only('local all @names trust', keywords)?.rule.users;
    expect(users).toEqual(list({ all: true, names: ['all'] }));
  });

  test('are looked for beside the file that names them', () => {
    const files = { [AT('lists/a')]: 'x @b', [AT('lists/b')]: 'y @/abs/c', '/abs/c': 'z' };
    expect(only('local @lists/a all trust', files)?.rule.databases.names).toEqual(['x', 'y', 'z']);
  });

  test('that are missing, or include each other, are problems of the line', () => {
    expect(read('\nlocal @none all trust').problems).toEqual([
      expect.stringMatching(/^hba\.conf:2: @none: cannot read "\/etc\/pgweir\/none": /),
    ]);
    expect(read('local @ all trust').problems).toEqual([expect.stringContaining('is missing')]);
    const loop = { [AT('a')]: 'x\n@b', [AT('b')]: '@a' };
    expect(read('local @a all trust', loop).problems).toEqual([
      expect.stringMatching(/^b:1: @a: the files include each other: .*a -> .*b -> .*a$/),
    ]);
    const itself = { [AT('hba.conf')]: 'x' };
    expect(read('local @hba.conf all trust', itself).problems).toEqual([
      expect.stringContaining('include each other'),
    ]);
  });

  test('name their bad lines', () => {
    const files = { [AT('lists/a')]: 'fine\n+group\n"open' };
    expect(read('local @lists/a all trust', files).problems).toEqual([
      expect.stringMatching(/^lists\/a:2: .*members/),
      'lists/a:3: a quote is not closed',
    ]);
  });

  test('are nested ten deep at most, and not too many', () => {
    const deep = Object.fromEntries(
      Array.from({ length: 30 }, (_, at) => [AT(`f${at}`), `n${at} @f${at + 1}`]),
    );
    expect(read('local @f0 all trust', deep).problems).toEqual([
      expect.stringContaining('nested deeper than 10'),
    ]);
    const wide = Object.fromEntries(
      Array.from({ length: 9 }, (_, at) => [AT(`f${at}`), `@f${at + 1} `.repeat(100)]),
    );
    const { problems } = read('local @f0 all trust', { ...wide, [AT('f9')]: 'end' });
    expect(problems[0]).toContain('more than 1000 files');
    expect(problems.length).toBeLessThan(300);
  });
});

test('any text gives rules and problems, without an exception', () => {
  const word = fc.constantFrom(
    ...['local', 'host', 'hostssl', 'all', 'trust', 'cert', 'map=m', '10.0.0.0/8', '::/0', '"'],
    ...[',', '#', '\n', ' ', '@a', '@b', '+', '""', '"a b"', '255.0.0.0', '/', 'replication'],
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.array(word, { maxLength: 40 }).map((words) => words.join(' ')),
    fc.array(word, { maxLength: 40 }).map((words) => words.join('')),
  );
  fc.assert(
    fc.property(text, text, (main, included) => {
      const files = { [`${CWD}/a`]: included, [`${CWD}/b`]: `${included}\n@a` };
      const { rules, problems } = read(main, files);
      const meant = main.split(/\r?\n/).filter((line) => !/^[\s\uFEFF]*(#|$)/.test(line));
      expect(rules.length).toBeLessThanOrEqual(meant.length);
      // Nothing is skipped in silence.
      expect(rules.length + problems.length).toBeGreaterThanOrEqual(meant.length);
    }),
    { numRuns: 200 },
  );
});
