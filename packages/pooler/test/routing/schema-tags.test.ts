import { isSchemaTag } from '../../src/routing/schema-tags';

function isOne(tag: string): boolean {
  const bytes = Buffer.from(`CREATE${tag}ALTER`);
  return isSchemaTag(bytes, 6, 6 + tag.length);
}

test.each([
  ...['CREATE TABLE', 'CREATE VIEW', 'CREATE FUNCTION', 'CREATE EXTENSION', 'CREATE POLICY'],
  ...['ALTER TABLE', 'ALTER FUNCTION', 'ALTER OPERATOR', 'DROP TABLE', 'DROP SCHEMA', 'DROP CAST'],
])('%s changes the schema', (tag) => {
  expect(isOne(tag)).toBe(true);
});

test.each([
  ...[
    '',
    'C',
    'SELECT 1',
    'INSERT 0 1',
    'UPDATE 1',
    'DELETE 1',
    'MERGE 1',
    'COPY 5',
    'BEGIN',
    'COMMIT',
  ],
  ...[
    'ROLLBACK',
    'SAVEPOINT',
    'RELEASE',
    'SET',
    'RESET',
    'SHOW',
    'EXPLAIN',
    'ANALYZE',
    'VACUUM',
    'CALL',
  ],
  ...[
    'DO',
    'DISCARD ALL',
    'DEALLOCATE',
    'DECLARE CURSOR',
    'CLOSE CURSOR',
    'FETCH 1',
    'MOVE 1',
    'CHECKPOINT',
  ],
  ...[
    'CLUSTER',
    'COMMENT',
    'GRANT',
    'REVOKE',
    'LISTEN',
    'NOTIFY',
    'LOCK TABLE',
    'PREPARE',
    'EXECUTE',
  ],
])('%s does not', (tag) => {
  expect(isOne(tag)).toBe(false);
});
