import { LANGUAGES, missingProgram } from '../support/docs/languages';
import { type Block, readPages } from '../support/docs/pages';

const BLOCKS = readPages().flatMap(({ blocks }) => blocks);
const TITLED = BLOCKS.map(
  (block) => [`${block.page}:${block.line}`, block.language, block] as const,
);

async function problemsOf(block: Block): Promise<readonly string[]> {
  const check = Object.hasOwn(LANGUAGES, block.language) ? LANGUAGES[block.language] : undefined;
  if (check !== undefined) return await check(block);
  const hint = 'name one behind the fence, or add a row to test/support/docs/languages.ts';
  return [`"${block.language}" is no known language: ${hint}`];
}

for (const [place, language, block] of TITLED) {
  const missing = missingProgram(language);
  const title = `the block at ${place} is right (${language})`;
  if (missing === undefined) {
    test(title, async () => expect(await problemsOf(block)).toEqual([]));
  } else test.skip(`${title} (skipped: there is no ${missing} on PATH)`, () => undefined);
}

test.each([
  ['ini', '[pgbouncer]\nno_such_setting = 1\n'],
  ['ini', 'listen_port = 6432 ; the usual one\n'],
  ['hba', 'host all all\n'],
  ['iam-map', 'iam not-an-arn user\n'],
  ['sql', 'SELEC 1;\n'],
  ['sql', 'SHOW NOTHING OF IT;\n'],
  ['json', '{ a }\n'],
  ['yaml', 'a: [1\n'],
  ['ts', 'const = 1;\n'],
  ['', 'anything\n'],
])('a wrong block of %s is found: %j', async (language, text) => {
  expect(await problemsOf({ page: 'x.md', line: 1, language, text })).not.toEqual([]);
});
