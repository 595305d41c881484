import { readAnswer } from '../../src/identity/sts-answer';

const ARN = 'arn:aws:sts::123456789012:assumed-role/app/i-1';
const IDENTITY = { arn: ARN, account: '123456789012', userId: 'AROAX:i-1' };
const NAMESPACE = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"';

function body(values: string): string {
  return `<GetCallerIdentityResponse ${NAMESPACE}>
  <GetCallerIdentityResult>${values}</GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
`;
}

function values({ arn = ARN, account = '123456789012', userId = 'AROAX:i-1' } = {}): string {
  return `
    <Arn>${arn}</Arn>
    <UserId>${userId}</UserId>
    <Account>${account}</Account>
  `;
}

const NOT_UNDERSTOOD = { kind: 'unavailable', why: 'the answer of STS is not understood' };

test('an answer says who has signed, in whatever order', () => {
  expect(readAnswer(200, body(values()))).toEqual({ kind: 'identity', identity: IDENTITY });
  const other = `<Account>123456789012</Account><Arn>${ARN}</Arn><UserId>AROAX:i-1</UserId>`;
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n${body(other)}`;
  expect(readAnswer(200, text)).toEqual({ kind: 'identity', identity: IDENTITY });
});

test('what XML has to escape is understood', () => {
  const arn = 'arn:aws:iam::123456789012:user/a&amp;b&lt;/&#39;&#x27;x';
  expect(readAnswer(200, body(values({ arn })))).toMatchObject({
    identity: { arn: "arn:aws:iam::123456789012:user/a&b</''x" },
  });
});

test.each([
  ['nothing', ''],
  ['half of it', body(values()).slice(0, 200)],
  ['something before it', `x${body(values())}`],
  ['something behind it', `${body(values())}<x/>`],
  ['two ARNs', body(`${values()}<Arn>${ARN}</Arn>`)],
  ['two ARNs and no account', body(`<Arn>${ARN}</Arn><Arn>${ARN}</Arn><UserId>x</UserId>`)],
  ['no user id', body(values({ userId: '' }))],
  ['another account than the ARN', body(values({ account: '210987654321' }))],
  ['an ARN of something else', body(values({ arn: 'arn:aws:s3:::123456789012' }))],
  ['an ARN with a blank', body(values({ arn: `${ARN} x` }))],
  ['an element within', body(values({ arn: `<b>${ARN}</b>` }))],
  ['a comment', body(values({ arn: `arn:aws:iam::123456789012:user/a<!-- -->b` }))],
  ['an unknown entity', body(values({ arn: 'arn:aws:iam::123456789012:user/&evil;' }))],
  ['an entity without an end', body(values({ arn: 'arn:aws:iam::123456789012:user/&amp' }))],
  ['a NUL', body(values({ arn: 'arn:aws:iam::123456789012:user/&#00;' }))],
  ['a wrong end', body(values().replace('</Arn>', '</UserId>'))],
  ['another operation', body(values()).replaceAll('GetCallerIdentity', 'AssumeRole')],
])('an answer with %s is none', (_, text) => {
  expect(readAnswer(200, text)).toEqual(NOT_UNDERSTOOD);
});

const error = (code: string): string =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code></Error></ErrorResponse>`;

test.each([
  [403, 'SignatureDoesNotMatch'],
  [403, 'InvalidClientTokenId'],
  [403, 'ExpiredToken'],
  [403, 'AccessDenied'],
  [400, 'InvalidAction'],
])('%i %s is a refusal', (status, code) => {
  expect(readAnswer(status, error(code))).toEqual({
    ...{ kind: 'refused', why: `STS: ${code} (${status})` },
  });
});

test.each([
  [400, 'Throttling'],
  [403, 'RequestLimitExceeded'],
  [429, 'TooManyRequests'],
  [503, 'ServiceUnavailable'],
  [500, 'InternalFailure'],
  [404, 'UnknownOperationException'],
  [403, 'a code that is none'],
])('%i %s is no judgement', (status, code) => {
  expect(readAnswer(status, error(code))).toMatchObject({ kind: 'unavailable' });
});

test('an identity in an answer of any other status is not believed', () => {
  for (const status of [0, 201, 206, 302, 403]) {
    expect(readAnswer(status, body(values())).kind).toBe('unavailable');
  }
});
