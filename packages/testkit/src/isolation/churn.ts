import { setTimeout as delay } from 'node:timers/promises';
import { copyData, query, run, sync, terminate } from '../wire/frontend';
import type { Asker } from './asker';
import { COPY_IN, COPY_OUT, copyRow, error, oneValue, ready, row, textColumn } from './expected';
import { begin, end, insert, simple } from './questions';

/*
 * What a client does to others: it cancels, and it goes away at the worst moment.
 */

const CANCELED = error('57014', 'canceling statement due to user request');
const CANCEL_DELAY_MS_MAX = 20;

/** A statement that is cancelled, or is over before. */
export async function canceling(asker: Asker): Promise<void> {
  const inTransaction = asker.random.chance(0.3);
  if (inTransaction) await begin(asker);
  const tag = asker.tag();
  const status = inTransaction ? 'T' : 'I';
  asker.send(query(`SELECT pg_sleep(0.2)::text || '${tag}' AS v`));
  await delay(asker.random.between(0, CANCEL_DELAY_MS_MAX));
  // Once the request's connection is closed, it may hit nothing that begins later.
  await asker.cancel();
  const afterError = ready(inTransaction ? 'E' : 'I');
  const answer = await asker.receiveOneOf([
    oneValue(tag, status),
    [CANCELED, afterError],
    [textColumn('v'), CANCELED, afterError],
  ]);
  if (answer > 0) asker.ledger.counts.canceled += 1;
  if (inTransaction) await end(asker, 'ROLLBACK');
  await simple(asker);
}

/** A cancel request when nothing runs: it must hit nobody. */
export async function cancelingNothing(asker: Asker): Promise<void> {
  await simple(asker);
  await asker.cancel();
  await simple(asker);
}

/** Ways to go; each leaves the connection useless. */
export const EXITS: readonly ((asker: Asker) => Promise<void>)[] = [
  // In the middle of a query.
  async (asker) => {
    asker.send(query(`SELECT '${asker.tag()}'::text AS v`));
    asker.vanish();
  },
  async (asker) => {
    asker.send(query('SELECT pg_sleep(10)'));
    await delay(asker.random.between(0, 10));
    asker.vanish();
  },
  async (asker) => {
    asker.send(run(`SELECT repeat('${asker.tag()}', 1000) AS v`), run('SELECT 1'));
    asker.vanish();
  },
  // In the middle of a result of megabytes.
  async (asker) => {
    asker.send(query(`SELECT repeat('${asker.tag()}', 60000) AS v`));
    await asker.receive([textColumn('v')]);
    asker.vanish();
  },
  async (asker) => {
    const tag = asker.tag();
    asker.send(query(`SELECT repeat('${tag}', 100) AS v FROM generate_series(1, 2000)`), sync());
    const rows = Array.from({ length: asker.random.between(1, 100) }, () => row(tag.repeat(100)));
    await asker.receive([textColumn('v'), ...rows]);
    asker.vanish();
  },
  // In an open transaction that has written.
  async (asker) => {
    const tag = asker.tag();
    asker.ledger.inserted(tag);
    await begin(asker);
    await insert(asker, tag);
    asker.vanish();
  },
  async (asker) => {
    const tag = asker.tag();
    asker.ledger.inserted(tag);
    await begin(asker);
    await insert(asker, tag);
    await asker.leave();
  },
  async (asker) => {
    const tag = asker.tag();
    asker.ledger.inserted(tag);
    await begin(asker);
    await insert(asker, tag);
    asker.ledger.committing(tag);
    asker.send(query('COMMIT'));
    asker.vanish();
  },
  // Extended messages without a Sync: nothing of it is committed.
  async (asker) => {
    const tag = asker.tag();
    asker.ledger.inserted(tag);
    asker.send(run('INSERT INTO isolation.rows VALUES ($1)', [tag]));
    await delay(asker.random.between(0, 5));
    asker.vanish();
  },
  // In the middle of COPY.
  async (asker) => {
    const tags = [asker.tag(), asker.tag()];
    for (const tag of tags) asker.ledger.inserted(tag);
    asker.send(query('COPY isolation.rows FROM STDIN'));
    await asker.receive([COPY_IN]);
    asker.sendMore(copyData(`${tags[0]}\n${tags[1]}\n`));
    asker.vanish();
  },
  async (asker) => {
    const tag = asker.tag();
    const line = `SELECT repeat('${tag}', 100) FROM generate_series(1, 3000)`;
    asker.send(query(`COPY (${line}) TO STDOUT`));
    const rows = Array.from({ length: asker.random.between(1, 100) }, () =>
      copyRow(tag.repeat(100)),
    );
    await asker.receive([COPY_OUT, ...rows]);
    asker.vanish();
  },
  // In the middle of a message.
  async (asker) => {
    const bytes = query(`SELECT '${asker.tag()}'::text AS v`);
    asker.send(bytes.subarray(0, asker.random.between(1, bytes.length - 1)));
    await delay(asker.random.between(0, 3));
    asker.vanish();
  },
  // With a cancel request on its way.
  async (asker) => {
    asker.send(query('SELECT pg_sleep(1)'));
    await asker.cancelAndForget();
    asker.vanish();
  },
  async (asker) => {
    await begin(asker);
    asker.send(query('SELECT pg_sleep(1)'));
    const canceled = asker.cancel();
    asker.vanish();
    await canceled;
  },
  // In good order, with a question still on its way.
  async (asker) => {
    const tag = asker.tag();
    asker.send(query(`SELECT '${tag}'::text AS v`), terminate());
    await asker.receive(oneValue(tag));
    await asker.closed();
  },
];
