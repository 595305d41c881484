import { type Grammar, loadGrammar } from '../../src/sql/grammar';

async function untilReady(grammar: Grammar): Promise<void> {
  while (!grammar.ready) await new Promise((resolve) => setImmediate(resolve));
}

test('the grammar is that of PostgreSQL 18', async () => {
  const grammar = await loadGrammar();
  const statements = grammar.statements('UPDATE t SET a = 1 RETURNING old.a, new.a; SELECT 1');
  expect(statements?.map(({ node }) => Object.keys(node)[0])).toEqual(['UpdateStmt', 'SelectStmt']);
});

test.each(['', ' ', '-- a', ';'])(
  'a text without statements is one with none: %j',
  async (text) => {
    const grammar = await loadGrammar();
    expect(grammar.statements(text)).toEqual([]);
  },
);

test.each(['SELEC 1', 'SELECT (', "SELECT 'a", 'é', '\ud800'])(
  'what is no SQL has no statements: %j',
  async (text) => {
    const grammar = await loadGrammar();
    expect(grammar.statements(text)).toBeUndefined();
    expect(grammar.ready).toBe(true);
    expect(grammar.statements('SELECT 1')).toHaveLength(1);
  },
);

test('texts that break the parser do not break the grammar for the next one', async () => {
  const grammar = await loadGrammar();
  for (let round = 0; round < 5; round++) {
    for (const text of [`SELECT ${'1+'.repeat(40_000)}1`, `${'(SELECT '.repeat(4000)}`]) {
      grammar.statements(text);
      await untilReady(grammar);
    }
    expect(grammar.statements('SELECT 1')).toHaveLength(1);
  }
});
