import { SqlKnowledge } from '../../src/sql/classify';
import { type Grammar, loadGrammar } from '../../src/sql/grammar';
import { transactionSteps } from '../../src/sql/transaction-steps';

let sql: SqlKnowledge;
let grammar: Grammar;

beforeAll(async () => {
  grammar = await loadGrammar();
  sql = new SqlKnowledge(grammar);
});

const kinds = (text: string): string =>
  transactionSteps(sql, Buffer.from(text))
    .map(({ kind }) => kind)
    .join(' ');

test.each([
  ['BEGIN', 'begin'],
  ['start transaction isolation level serializable, read only', 'begin'],
  ['COMMIT', 'commit'],
  ['END WORK', 'commit'],
  ['commit and no chain', 'commit'],
  ['COMMIT AND CHAIN', 'commit-chain'],
  ["PREPARE TRANSACTION 'x'", 'commit'],
  ["COMMIT PREPARED 'x'", 'plain'],
  ["ROLLBACK PREPARED 'x'", 'plain'],
  ['ROLLBACK', 'rollback'],
  ['ABORT', 'rollback'],
  ['/* x */ rollback; -- y', 'rollback'],
  ['ROLLBACK AND CHAIN', 'rollback-chain'],
  ['ROLLBACK TO SAVEPOINT a', 'rollback-to'],
  ['ROLLBACK TO a', 'rollback-to'],
  ['SAVEPOINT a', 'plain'],
  ['RELEASE a', 'plain'],
  ['SELECT 1', 'plain'],
  ["SELECT 'COMMIT'", 'plain'],
  ['BEGIN; INSERT INTO t VALUES (1); COMMIT', 'begin plain commit'],
  ['', ''],
  [' ; ', ''],
  ['this is no SQL', 'plain'],
  ['COMMIT this is no SQL', 'unknown'],
  ["SELECT 'a\\'; COMMIT; --'", 'unknown'],
])('%s', (text, expected) => {
  expect(kinds(text)).toBe(expected);
});

test('the places are in bytes, so that the rest of a text can be taken', () => {
  const text = Buffer.from("ROLLBACK; SELECT 'ä'; SELECT 2");
  const parts = transactionSteps(sql, text).map(({ start, end }) =>
    text.toString('utf8', start, end),
  );
  expect(parts).toEqual(['ROLLBACK; ', "SELECT 'ä'; ", 'SELECT 2']);
});

test('a text that is too long for the grammar is only what the words in it allow', () => {
  const long = `SELECT ${'1,'.repeat(6000)} 1`;
  expect(kinds(long)).toBe('plain');
  expect(kinds(`${long}; COMMIT`)).toBe('unknown');
});
