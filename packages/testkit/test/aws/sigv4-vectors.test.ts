import { AwsKeys, type SignedRequest, verifySigV4 } from '@pgweir/testkit';

// From the test suite that AWS publishes for signers: requests as they are on the wire.
const HOST = ['Host', 'example.amazonaws.com'] as const;
const DATE = ['X-Amz-Date', '20150830T123600Z'] as const;
const TOKEN = '6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267';
const SCOPE = 'AKIDEXAMPLE/20150830/us-east-1/service/aws4_request';

interface Vector {
  readonly method?: string;
  readonly url: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string;
  /** Names that are signed besides host. */
  readonly signed?: string;
  readonly signature: string;
}

const VANILLA = '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31';

const IN_HEADER: Readonly<Record<string, Vector>> = {
  'get-vanilla': { url: '/', signature: VANILLA },
  'get-relative-relative': { url: '/example1/example2/../..', signature: VANILLA },
  'get-slashes': {
    url: '//example//',
    signature: '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84',
  },
  'get-space': {
    url: '/example space/',
    signature: '652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741',
  },
  'get-header-value-trim': {
    url: '/',
    headers: [
      ['My-Header1', ' value1'],
      ['My-Header2', ' "a   b   c"'],
    ],
    signed: ';my-header1;my-header2',
    signature: 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  },
  'get-header-key-duplicate': {
    url: '/',
    headers: ['value2', 'value2', 'value1'].map((value) => ['My-Header1', value]),
    signed: ';my-header1',
    signature: 'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
  },
};

const keys = new AwsKeys();
const IDENTITY = { arn: 'arn:aws:iam::1:user/x', account: '1', userId: 'AIDA' };
const SECRET = { secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
keys.add({ ...IDENTITY, ...SECRET, accessKeyId: 'AKIDEXAMPLE' });
const sessions = new AwsKeys();
sessions.add({ ...IDENTITY, ...SECRET, accessKeyId: 'AKIDEXAMPLE', sessionToken: TOKEN });

function verdict(request: Partial<SignedRequest>, of: AwsKeys = keys): string {
  const found = verifySigV4(
    { method: 'GET', url: '/', headers: [], body: '', ...request },
    {
      ...{ keys: of, service: 'service', region: 'us-east-1' },
      nowMs: Date.UTC(2015, 7, 30, 12, 36),
    },
  );
  return found.kind === 'signed' ? found.form : `${found.code}: ${found.message}`;
}

function authorization(signed: string, signature: string): readonly [string, string] {
  const text = `AWS4-HMAC-SHA256 Credential=${SCOPE}, SignedHeaders=${signed}, Signature=${signature}`;
  return ['Authorization', text];
}

test.each(Object.entries(IN_HEADER))('the request %s is signed', (_, vector) => {
  const { url, headers = [], signed = '', signature } = vector;
  const proof = authorization(`host${signed};x-amz-date`, signature);
  expect(verdict({ url, headers: [HOST, ...headers, proof, DATE] })).toBe('header');
});

test('a form is signed with its body', () => {
  const request = {
    method: 'POST',
    headers: [
      ['Content-Type', 'application/x-www-form-urlencoded'],
      HOST,
      ['Content-Length', '13'],
      ['x-amz-content-sha256', '9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e'],
      authorization(
        'content-length;content-type;host;x-amz-content-sha256;x-amz-date',
        'd3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b',
      ),
      DATE,
    ] as const,
  };
  expect(verdict({ ...request, body: 'Param1=value1' })).toBe('header');
  expect(verdict({ ...request, body: 'Param1=value2' })).toContain('SignatureDoesNotMatch');
});

test('a session token is signed, and must be the one of the key', () => {
  const proof = authorization(
    'host;x-amz-date;x-amz-security-token',
    '07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8',
  );
  const headers = [HOST, proof, DATE, ['X-Amz-Security-Token', TOKEN]] as const;
  expect(verdict({ headers }, sessions)).toBe('header');
  expect(verdict({ headers })).toContain('InvalidClientTokenId');
});

const PRESIGNED =
  `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(SCOPE)}` +
  '&X-Amz-Date=20150830T123600Z';

test.each([
  [
    'in any order of parameters',
    `/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1&${PRESIGNED}&X-Amz-SignedHeaders=host` +
      '&X-Amz-Expires=3600&X-Amz-Signature=c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787',
    [],
  ],
  [
    'with headers',
    `/?${PRESIGNED}&X-Amz-SignedHeaders=host%3Bmy-header1&X-Amz-Expires=3600` +
      '&X-Amz-Signature=313720e71ca6202fdcfa9b20f88de01a4eb0638a83c833b1c184359a4eda864e',
    ['value4', 'value1', 'value3', 'value2'].map((value) => ['My-Header1', value] as const),
  ],
])('a URL is signed %s', (_, url, headers) => {
  expect(verdict({ url, headers: [HOST, ...headers] })).toBe('presigned');
});

test('a URL is signed with its session token', () => {
  const url =
    `/?${PRESIGNED}&X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Security-Token=${TOKEN}` +
    '&X-Amz-Signature=7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c';
  expect(verdict({ url, headers: [HOST] }, sessions)).toBe('presigned');
});
