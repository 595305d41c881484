import * as fc from 'fast-check';
import { LineFault, TokenCursor } from '../../src/config/access/rule-tokens';
import { LdapOptions } from '../../src/ldap/options';
import { readLdapOptions } from '../../src/ldap/read-options';

const read = (text: string): LdapOptions =>
  readLdapOptions(new TokenCursor(text, { comments: false }));

function fault(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof LineFault) return error.message;
    throw error;
  }
  return 'none';
}

test('a name that is made of a prefix and a suffix', () => {
  expect(read('ldapserver=ldap.example.org ldapprefix="cn=" ldapsuffix=", dc=example"')).toEqual(
    new LdapOptions(
      { urls: ['ldap://ldap.example.org:389'], startTls: false },
      { kind: 'made', prefix: 'cn=', suffix: ', dc=example' },
    ),
  );
});

test('a search, with a list of servers, and commas between options', () => {
  expect(
    read(
      'ldapserver="a 10.0.0.1 ::1 [fd00::1]", ldapscheme=ldaps, "ldapbasedn=dc=x,dc=y", ' +
        'ldapbinddn="cn=s" ldapbindpasswd="a ""b"", #c"',
    ),
  ).toEqual(
    new LdapOptions(
      {
        urls: [
          'ldaps://a:636',
          'ldaps://10.0.0.1:636',
          'ldaps://[::1]:636',
          'ldaps://[fd00::1]:636',
        ],
        startTls: false,
      },
      {
        ...{ kind: 'searched', baseDn: 'dc=x,dc=y', scope: 'sub', filter: '(uid=$username)' },
        ...{ bindDn: 'cn=s', password: 'a "b", #c' },
      },
    ),
  );
});

test.each([
  ['ldap://h/dc=x?cn?sub', 'ldap://h:389', '(cn=$username)', 'sub'],
  ['ldaps://h/dc=x?cn,sn?one', 'ldaps://h:636', '(cn=$username)', 'one'],
  ['LDAP://h:1389/dc=x', 'ldap://h:1389', '(uid=$username)', 'base'],
  ['ldap://[::1]:1389/dc%3Dx??sub?(a=$username%29', 'ldap://[::1]:1389', '(a=$username)', 'sub'],
])('ldapurl=%s', (url, server, filter, scope) => {
  const { servers, lookup } = read(`ldapurl="${url}"`);
  expect(servers.urls).toEqual([server]);
  expect(lookup).toMatchObject({ baseDn: 'dc=x', filter, scope });
});

const S = 'ldapserver=h ldapbasedn=dc=x ';

test.each([
  ['', 'ldapserver is missing'],
  ['ldapbasedn=dc=x', 'ldapserver is missing'],
  ['ldapserver=h', 'ldapbasedn, ldapprefix or ldapsuffix has to be given'],
  ['ldapserver=h:389 ldapbasedn=dc=x', 'without ports'],
  ['ldapserver=u@h ldapbasedn=dc=x', 'host names and addresses'],
  [`ldapserver="${'h '.repeat(17)}" ldapbasedn=dc=x`, 'more than 16 servers'],
  [`${S}ldapport=0`, 'ldapport is no port'],
  [`${S}ldapport=65536`, 'ldapport is no port'],
  [`${S}ldapscheme=ldapi`, 'neither ldap nor ldaps'],
  [`${S}ldaptls=yes`, 'neither 0 nor 1'],
  [`${S}ldaptls=1 ldapscheme=ldaps`, 'has it from the start'],
  [`${S}ldapprefix=uid=`, 'ldapbasedn cannot be used together with ldapprefix'],
  ['ldapurl=ldap://h ldapsuffix=x', 'ldapurl cannot be used together'],
  [`${S}ldapbinddn=cn=x`, 'need each other'],
  [`${S}ldapbindpasswd=x`, 'need each other'],
  [`${S}ldapsearchattribute="a b"`, 'no name of an attribute'],
  [`${S}ldapsearchattribute=a ldapsearchfilter=(b=$username)`, 'exclude each other'],
  [`${S}ldapsearchfilter=(uid=alice)`, 'lacks $username'],
  [`${S}ldapsearchfilter="(uid=$username"`, 'ldapsearchfilter is no filter'],
  [`${S}ldapserver=i`, 'ldapserver is given twice'],
  [`${S}ldapurl=ldap://h/dc=x`, 'given twice'],
  [`${S}ldapurl=http://h/dc=x`, 'ldapurl is no URL'],
  [`${S}ldapurl=ldap://h/dc=%zz`, 'ldapurl is no URL'],
  [`${S}ldapurl=ldap://h/?a?b?c?d`, 'ldapurl is no URL'],
  [`${S}ldapsearchattribut=a`, 'ldapsearchattribut= is no option; accepted: ldapserver, '],
  [`${S}ldapbinddn=`, 'ldapbinddn is empty'],
  [`${S}map=x`, 'is no option'],
  [`${S}"ldapbinddn=x`, 'a quote is not closed'],
])('%s', (text, expected) => {
  expect(fault(text)).toContain(expected);
});

test('a fault tells nothing of a password that lacks its quotes', () => {
  const letters = fc.string({ unit: fc.constantFrom('k', '=', ' ', ',', '"', '#', 'q') });
  fc.assert(
    fc.property(letters, (password) => {
      const message = fault(`${S}ldapbinddn=cn=s ldapbindpasswd=${password}`);
      expect(message).not.toMatch(/kk|qq|k=|q=/);
    }),
  );
  expect(fault(`${S}ldapbinddn=cn=s ldapbindpasswd=open,sesame=1`)).not.toContain('sesame');
});
