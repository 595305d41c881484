import * as fc from 'fast-check';
import { readAnswer } from '../../src/ldap/start-tls';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const SHORT = hex('30 0c 02 01 01 78 07 0a 01 00 04 00 04 00');
const LONG = hex('30 84 00 00 00 10 02 01 01 78 84 00 00 00 07 0a 01 00 04 00 04 00');
const REFUSED = hex('30 0c 02 01 01 78 07 0a 01 34 04 00 04 00');

test.each([
  ['short', SHORT],
  ['long', LONG],
])('an answer with %s lengths is heard when all of it is there', (_, answer) => {
  for (let end = 0; end < answer.length; end++) {
    expect(readAnswer(answer.subarray(0, end))).toEqual({ kind: 'partial' });
  }
  expect(readAnswer(answer)).toEqual({ kind: 'agreed' });
});

test('a refusal, another kind of answer, and what stands behind one, are no consent', () => {
  expect(readAnswer(REFUSED)).toEqual({ kind: 'bad', why: 'StartTLS is refused (52)' });
  const bind = hex('30 0c 02 01 01 61 07 0a 01 00 04 00 04 00');
  expect(readAnswer(bind)).toMatchObject({ kind: 'bad' });
  const behind = Buffer.concat([SHORT, hex('30')]);
  expect(readAnswer(behind)).toEqual({ kind: 'bad', why: 'clear text behind StartTLS' });
});

test('no bytes break it, and it does not wait for ever', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(['partial', 'bad', 'agreed']).toContain(readAnswer(Buffer.from(bytes)).kind);
    }),
  );
  for (const start of ['30 84 ff ff ff ff', '30 ff', '30 80', '30 88']) {
    const endless = Buffer.concat([hex(start), Buffer.alloc(4096)]);
    expect(readAnswer(endless)).toMatchObject({ kind: 'bad' });
  }
});
