import { query, run, sync } from '../../wire/frontend';
import { ask, EVERY_MODE, type Script, SESSION_ONLY, WITH_TRANSACTIONS } from '../script';

/** What PostgreSQL sends besides answers: notices, ParameterStatus, notifications. */
export function noticeScripts(): readonly Script[] {
  return [...notices(), ...parameters(), ...notifications()];
}

function notices(): readonly Script[] {
  const one = (name: string, ...frames: readonly Buffer[]): Script => ({
    name: `notice: ${name}`,
    modes: EVERY_MODE,
    steps: [ask(...frames)],
  });
  return [
    one('one, from a DO', query("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")),
    one('5,000 within one statement', query('SELECT differential.notices(5000)')),
    one('extended', run('SELECT differential.notices(3)'), sync()),
    one(
      'with detail, hint and a SQLSTATE',
      query(
        "DO $$ BEGIN RAISE WARNING 'w' USING DETAIL = 'd', HINT = 'h', ERRCODE = '01ZZZ'; END $$",
      ),
    ),
    one('of 200 kB', query("DO $$ BEGIN RAISE NOTICE '%', repeat('long ', 40000); END $$")),
    one(
      'of every level',
      query("DO $$ BEGIN RAISE INFO 'i'; RAISE LOG 'l'; RAISE DEBUG 'd'; END $$"),
    ),
    one('before an error', query("DO $$ BEGIN RAISE NOTICE 'n'; RAISE EXCEPTION 'e'; END $$")),
    one('of DDL', query('DROP TABLE IF EXISTS nowhere, not_there_either')),
    {
      name: 'notice: levels by client_min_messages in a transaction',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query('BEGIN')),
        ask(query('SET LOCAL client_min_messages = error')),
        ask(query('SELECT differential.notices(3)')),
        ask(query('ROLLBACK')),
        ask(query('SELECT differential.notices(3)')),
      ],
    },
  ];
}

function parameters(): readonly Script[] {
  const inTransaction = (name: string, ...texts: readonly string[]): Script => ({
    name: `parameter status: ${name}`,
    modes: WITH_TRANSACTIONS,
    steps: texts.map((text) => ask(query(text))),
  });
  return [
    inTransaction(
      'SET rolled back',
      'BEGIN',
      "SET timezone = 'Asia/Tokyo'",
      'SHOW timezone',
      'ROLLBACK',
    ),
    inTransaction(
      'SET and RESET in a transaction',
      'BEGIN',
      "SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'",
      "SELECT '2026-02-03 04:05:06+00'::timestamptz",
      'RESET timezone',
      'RESET datestyle',
      'COMMIT',
    ),
    inTransaction(
      'SET LOCAL ends with the transaction',
      'BEGIN',
      "SET LOCAL intervalstyle = 'iso_8601'",
      "SELECT '1 day'::interval",
      'COMMIT',
    ),
    inTransaction(
      'set back by a savepoint',
      'BEGIN',
      'SAVEPOINT a',
      "SELECT set_config('application_name', 'inside', false)",
      'ROLLBACK TO a',
      'COMMIT',
    ),
    inTransaction(
      'set back by an error',
      'BEGIN',
      "SET application_name = 'inside'",
      'SELECT 1/0',
      'ROLLBACK',
    ),
    {
      name: 'parameter status: several in one query, set and reset',
      modes: EVERY_MODE,
      steps: [
        ask(
          query(
            "SET timezone = 'UTC'; SET application_name = 'a b'; SELECT 1; RESET timezone; RESET application_name",
          ),
        ),
      ],
    },
    {
      name: 'parameter status: SET kept over transactions',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query("SET timezone = 'Asia/Tokyo'")),
        ask(query('SHOW timezone')),
        ask(query("SET application_name = 'mine'; SET datestyle = 'SQL, DMY'")),
        ask(query("SELECT current_setting('application_name'), '2026-02-03'::date")),
        ask(query('RESET ALL')),
        ask(query('SHOW timezone')),
      ],
    },
    {
      name: 'parameter status: client_encoding changes what text looks like',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query("SET client_encoding = 'LATIN1'")),
        ask(query("SELECT chr(233), encode(convert_to(chr(233), 'UTF8'), 'hex')")),
        ask(query('SELECT chr(8364)')),
        ask(query('RESET client_encoding')),
        ask(query('SELECT chr(8364)')),
      ],
    },
    {
      name: 'parameter status: standard_conforming_strings off within a transaction',
      modes: WITH_TRANSACTIONS,
      majors: [14, 15, 16, 17, 18],
      steps: [
        ask(query('BEGIN')),
        ask(query('SET LOCAL standard_conforming_strings = off')),
        ask(query("SELECT 'a\\nb'")),
        ask(query('COMMIT')),
        ask(query("SELECT 'a\\nb'")),
      ],
    },
  ];
}

function notifications(): readonly Script[] {
  return [
    {
      name: 'notification: LISTEN and NOTIFY within one connection',
      modes: SESSION_ONLY,
      steps: [
        ask(query('LISTEN here')),
        ask(query("NOTIFY here, 'first'")),
        ask(query('BEGIN')),
        ask(query("NOTIFY here, 'second'")),
        ask(query("SELECT pg_notify('here', 'third')")),
        ask(query('COMMIT')),
        ask(query('UNLISTEN here')),
        ask(query("NOTIFY here, 'nobody listens'")),
      ],
    },
    {
      name: 'notification: 200 in one transaction, extended',
      modes: SESSION_ONLY,
      steps: [
        ask(query('LISTEN many')),
        ask(run("SELECT pg_notify('many', i::text) FROM generate_series(1, 200) i"), sync()),
        ask(query('UNLISTEN *')),
      ],
    },
  ];
}
