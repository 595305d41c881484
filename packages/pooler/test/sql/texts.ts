import * as fc from 'fast-check';
import { look, ResumableLook } from '../../src/sql/look';

export function lookAt(text: string, encoding: BufferEncoding = 'utf8'): number {
  const bytes = Buffer.from(text, encoding);
  return look(bytes, 0, bytes.length);
}

/** The answer of the resumable look when the text comes in pieces that end at `cuts`. */
export function lookInPieces(bytes: Buffer, cuts: readonly number[]): number {
  const pieces = new ResumableLook();
  pieces.begin();
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
  let start = 0;
  for (const end of ends.sort((a, b) => a - b)) {
    // A copy, so that it cannot read what came before it.
    pieces.feed(
      Buffer.concat([Buffer.from("'$-"), bytes.subarray(start, end)]),
      3,
      3 + end - start,
    );
    start = end;
  }
  return pieces.finish();
}

const FRAGMENTS: readonly string[] = [
  ...[
    'set',
    'SET',
    'select',
    'update t set a = 1',
    'reset all',
    'listen x',
    'execute',
    'do',
    'end',
  ],
  ...['create', 'temp', 'into', 'with', 'hold', 'pg_temp_12', 'pg_temp', 'nextval', 'setval'],
  ...['set_config', '"set_config"', 'U&"a"', "U&'now'", 'u', '&', 'e', 'E', 'n', 'now', 'today'],
  ...["'", "''", '"', '""', '\\', "\\'", '\\\\', '$', '$$', '$a$', '$1', '$b', '--', '/*', '*/'],
  ...['/', '*', '-', ';', ' ', '\n', '\r\n', '\t', ',', '(', ')', '=', '1', '42', 'x', '_y', 'é'],
  ...["'now'", "'a b'", "E'a\\'b'", "'C:\\'", '$$now$$', '$q$ set_config $q$', 'query_to_xml'],
];

/** Texts in which what matters to the look meets, seldom as SQL. */
export const mixedTexts: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...FRAGMENTS).map((text) => Buffer.from(text)) },
      { weight: 1, arbitrary: fc.constantFrom(0x83, 0x95, 0xe9, 0xff).map((n) => Buffer.of(n)) },
    ),
    { maxLength: 30 },
  )
  .map((parts) => Buffer.concat(parts));
