import { AwsKeys, TEST_ACCOUNT, verifySigV4 } from '@pgweir/testkit';
import { readToken } from '../../src/identity/read-token';
import { HOST, RULES } from './tokens';

/** As the programs in docs/aws-iam-clients.md have printed them, with keys that are nobody's. */
const TOKENS = {
  'botocore 1.44 (Python)': [
    'pgweir-iam-v1.aHR0cHM6Ly9zdHMudXMtZWFzdC0xLmFtYXpvbmF3cy5jb20vP0FjdGlvbj1HZXRDYWxsZXJJZGVu',
    'dGl0eSZWZXJzaW9uPTIwMTEtMDYtMTUmWC1BbXotQWxnb3JpdGhtPUFXUzQtSE1BQy1TSEEyNTYmWC1BbXotQ3JlZG',
    'VudGlhbD1BS0lERVhBTVBMRUVYQU1QTEUxMiUyRjIwMjYxMTI4JTJGdXMtZWFzdC0xJTJGc3RzJTJGYXdzNF9yZXF1',
    'ZXN0JlgtQW16LURhdGU9MjAyNjExMjhUMTEzOTM1WiZYLUFtei1FeHBpcmVzPTkwMCZYLUFtei1TaWduZWRIZWFkZX',
    'JzPWhvc3QlM0J4LXBnd2Vpci1zZXJ2ZXItaWQmWC1BbXotU2VjdXJpdHktVG9rZW49YWIlMkYlMkIlM0QlM0QmWC1B',
    'bXotU2lnbmF0dXJlPTQ5ZGE4MzY0MjA0YjAzNGRlZDIwMjk0NTgxYzU2MTEyNmU1NjI0MTA5ZDMyMjZmYTQwZDI0Yz',
    'k2N2ZjZTA4NmEjcGd3ZWlyLmV4YW1wbGUub3Jn',
  ],
  'aws-sdk-go-v2': [
    'pgweir-iam-v1.aHR0cHM6Ly9zdHMudXMtZWFzdC0xLmFtYXpvbmF3cy5jb20vP0FjdGlvbj1HZXRDYWxsZXJJZGVu',
    'dGl0eSZWZXJzaW9uPTIwMTEtMDYtMTUmWC1BbXotQWxnb3JpdGhtPUFXUzQtSE1BQy1TSEEyNTYmWC1BbXotQ3JlZG',
    'VudGlhbD1BS0lERVhBTVBMRUVYQU1QTEUxMiUyRjIwMjYxMTI4JTJGdXMtZWFzdC0xJTJGc3RzJTJGYXdzNF9yZXF1',
    'ZXN0JlgtQW16LURhdGU9MjAyNjExMjhUMTE0NDA1WiZYLUFtei1FeHBpcmVzPTkwMCZYLUFtei1TZWN1cml0eS1Ub2',
    'tlbj1hYiUyRiUyQiUzRCUzRCZYLUFtei1TaWduZWRIZWFkZXJzPWhvc3QlM0J4LXBnd2Vpci1zZXJ2ZXItaWQmWC1B',
    'bXotU2lnbmF0dXJlPWRiMjQ3YzMyODU2MGNlY2QwMjllYmI2ZmU5YmQzNmVkM2I5Mjk5ZGMwODBiMjlhYzNlOGQ0OD',
    'ExNmRiM2JkMDcjcGd3ZWlyLmV4YW1wbGUub3Jn',
  ],
};

const keys = new AwsKeys();
keys.add({
  ...{ accessKeyId: 'AKIDEXAMPLEEXAMPLE12', secretAccessKey: 'secret', sessionToken: 'ab/+==' },
  ...{
    arn: `arn:aws:sts::${TEST_ACCOUNT}:assumed-role/app/i-1`,
    account: TEST_ACCOUNT,
    userId: 'AROAX:i-1',
  },
});

test.each(Object.entries(TOKENS))(
  'a token of %s is understood, and its signature holds',
  (_, lines) => {
    const nowMs = Date.parse('2026-11-28T11:45:00Z');
    const read = readToken(lines.join(''), RULES, nowMs);
    if (read.kind === 'refused') throw new Error(read.why);
    const { host, path, serverName } = read.request;
    const headers = [
      ['host', host],
      ['x-pgweir-server-id', serverName],
    ] as const;
    const request = { method: 'GET', url: path, headers, body: '' };
    const rules = { keys, service: 'sts', region: 'us-east-1', nowMs };
    expect(serverName).toBe(HOST);
    expect(verifySigV4(request, rules)).toMatchObject({ kind: 'signed', form: 'presigned' });
  },
);
