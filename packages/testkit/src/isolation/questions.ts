import {
  bind,
  close,
  copyData,
  copyDone,
  describe,
  execute,
  parse,
  query,
  run,
  sync,
} from '../wire/frontend';
import type { Asker } from './asker';
import {
  BOUND,
  CLOSED,
  COPY_DONE,
  COPY_IN,
  COPY_OUT,
  complete,
  copyRow,
  type Expected,
  error,
  oneValue,
  PARSED,
  ready,
  row,
  textColumn,
} from './expected';

/*
 * What a client asks in good order. Each question carries a text that nobody else has, and knows every
 * byte of its answer.
 */

const KILOBYTE = 1024;
const MEGABYTE = 1024 * KILOBYTE;

type Status = 'I' | 'T';

/** Parse, Bind, Describe and Execute of the unnamed statement. */
function extendedValue(value: string, status: Status = 'I'): readonly Expected[] {
  return [PARSED, BOUND, ...oneValue(value, status)];
}

export async function simple(asker: Asker, status: Status = 'I'): Promise<void> {
  const tag = asker.tag();
  await asker.ask([query(`SELECT '${tag}'::text AS v`)], oneValue(tag, status));
}

export async function extended(asker: Asker, status: Status = 'I'): Promise<void> {
  const tag = asker.tag();
  await asker.ask([run('SELECT $1::text AS v', [tag]), sync()], extendedValue(tag, status));
}

export async function pipeline(asker: Asker): Promise<void> {
  const tags = Array.from({ length: asker.random.between(2, 10) }, () => asker.tag());
  const frames = tags.map((tag, i) =>
    i % 3 === 2
      ? query(`SELECT '${tag}'::text AS v`)
      : Buffer.concat([run('SELECT $1::text AS v', [tag]), sync()]),
  );
  const expected = tags.flatMap((tag, i) => (i % 3 === 2 ? oneValue(tag) : extendedValue(tag)));
  await asker.ask(frames, expected);
}

/** 10 kB to 200 kB, sent back as it came or made by the server. */
export async function medium(asker: Asker): Promise<void> {
  const tag = asker.tag();
  const times = Math.ceil((asker.random.between(10, 200) * KILOBYTE) / tag.length);
  const value = tag.repeat(times);
  if (asker.random.chance(0.5)) {
    await asker.ask([run('SELECT $1::text AS v', [value]), sync()], extendedValue(value));
    return;
  }
  await asker.ask([query(`SELECT repeat('${tag}', ${times}) AS v`)], oneValue(value));
}

/** 1 MB to 4 MB, half of them read slowly. */
export async function large(asker: Asker): Promise<void> {
  const tag = asker.tag();
  const times = Math.ceil((asker.random.next() * 3 * MEGABYTE + MEGABYTE) / tag.length);
  const slowly = asker.random.chance(0.5);
  asker.send(query(`SELECT repeat('${tag}', ${times}) AS v`));
  await asker.receive(oneValue(Buffer.from(tag.repeat(times))), { slowly });
}

export async function manyRows(asker: Asker): Promise<void> {
  const tag = asker.tag();
  const count = asker.random.between(1, 500);
  const rows = Array.from({ length: count }, (_, i) => row(`${tag}:${i + 1}`));
  const sql = `SELECT '${tag}:' || i AS v FROM generate_series(1, ${count}) i`;
  await asker.ask(
    [query(sql)],
    [textColumn('v'), ...rows, complete(`SELECT ${count}`), ready('I')],
  );
}

export async function failing(asker: Asker): Promise<void> {
  const tag = asker.tag();
  const wrong = error('22P02', `invalid input syntax for type integer: "${tag}"`);
  if (asker.random.chance(0.5)) {
    await asker.ask([query(`SELECT '${tag}'::int`)], [wrong, ready('I')]);
    return;
  }
  // The second statement of the group is skipped.
  const frames = [run('SELECT $1::int', [tag]), run('SELECT $1::text', [tag]), sync()];
  await asker.ask(frames, [PARSED, wrong, ready('I')]);
}

export async function copyOut(asker: Asker): Promise<void> {
  const tag = asker.tag();
  const count = asker.random.between(1, 300);
  const rows = Array.from({ length: count }, (_, i) => copyRow(`${tag}:${i + 1}`));
  const sql = `COPY (SELECT '${tag}:' || i FROM generate_series(1, ${count}) i) TO STDOUT`;
  await asker.ask(
    [query(sql)],
    [COPY_OUT, ...rows, COPY_DONE, complete(`COPY ${count}`), ready('I')],
  );
}

/** Settings that a client gave at its start are its own, whatever link it gets. */
export async function whoAmI(asker: Asker): Promise<void> {
  await asker.ask(
    [query("SELECT current_setting('application_name') AS v")],
    oneValue(asker.applicationName),
  );
}

/** BEGIN must find no transaction, neither open nor failed, and none that has written. */
export async function begin(asker: Asker): Promise<void> {
  await asker.ask([query('BEGIN')], [complete('BEGIN'), ready('T')]);
  await asker.ask(
    [query('SELECT pg_current_xact_id_if_assigned()::text AS v')],
    [textColumn('v'), row(null), complete('SELECT 1'), ready('T')],
  );
}

export async function readingTransaction(asker: Asker): Promise<void> {
  await begin(asker);
  await simple(asker, 'T');
  await extended(asker, 'T');
  if (asker.random.chance(0.3)) await namedStatement(asker);
  await end(asker, 'COMMIT');
}

async function namedStatement(asker: Asker): Promise<void> {
  const tag = asker.tag();
  const name = `statement ${tag}`;
  await asker.ask([parse('SELECT $1::text AS v', name), sync()], [PARSED, ready('T')]);
  await asker.ask(
    [bind({ statement: name, values: [tag] }), describe('P'), execute(), close('S', name), sync()],
    [BOUND, textColumn('v'), row(tag), complete('SELECT 1'), CLOSED, ready('T')],
  );
}

export async function writingTransaction(asker: Asker): Promise<void> {
  const tag = asker.tag();
  asker.ledger.inserted(tag);
  await begin(asker);
  await insert(asker, tag);
  await asker.ask(
    [run('SELECT tag AS v FROM isolation.rows WHERE tag = $1', [tag]), sync()],
    [PARSED, BOUND, asker.ledger.tagColumn, row(tag), complete('SELECT 1'), ready('T')],
  );
  if (asker.random.chance(0.4)) {
    await end(asker, 'ROLLBACK');
    return;
  }
  asker.ledger.committing(tag);
  await end(asker, 'COMMIT');
  asker.ledger.committed(tag);
}

export async function insert(asker: Asker, tag: string): Promise<void> {
  await asker.ask(
    [query(`INSERT INTO isolation.rows VALUES ('${tag}')`)],
    [complete('INSERT 0 1'), ready('T')],
  );
}

export async function end(asker: Asker, how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
  await asker.ask([query(how)], [complete(how), ready('I')]);
}

export async function copyIn(asker: Asker): Promise<void> {
  const tags = Array.from({ length: asker.random.between(1, 20) }, () => asker.tag());
  for (const tag of tags) asker.ledger.committing(tag);
  asker.send(query('COPY isolation.rows FROM STDIN'));
  await asker.receive([COPY_IN]);
  asker.sendMore(...tags.map((tag) => copyData(`${tag}\n`)), copyDone());
  await asker.receive([complete(`COPY ${tags.length}`), ready('I')]);
  for (const tag of tags) asker.ledger.committed(tag);
}

/**
 * A statement_timeout that is the client's own.
 *
 * Both statements in one query: a timeout that strikes before a lone statement is planned is reported
 * by PostgreSQL as a cancel request.
 */
export async function timingOut(asker: Asker): Promise<void> {
  await begin(asker);
  asker.send(query("SET LOCAL statement_timeout = '3ms'; SELECT pg_sleep(5)::text AS v"));
  const late = error('57014', 'canceling statement due to statement timeout');
  await asker.receiveOneOf([
    [complete('SET'), textColumn('v'), late, ready('E')],
    [complete('SET'), late, ready('E')],
  ]);
  asker.ledger.counts.timeouts += 1;
  await end(asker, 'ROLLBACK');
}
