import { bind, execute, parse } from '../../wire/frontend';
import type { Scenario } from '../scenario';
import { a, b, TWO } from './voices';

const GROUP = 'sequences and random numbers';

const SEQUENCE = 'CREATE SEQUENCE s; CREATE SEQUENCE other START 100;';
const SERIAL = 'CREATE TABLE people (id serial PRIMARY KEY, name text);';
const CURRENT = "SELECT currval('own_schema.s')";
const NEXT = "SELECT nextval('own_schema.s')";

/** Fails when the value is another one; that there is none is fine. */
const ownOrNone = (value: string, own: number): string => `DO $$ BEGIN
  IF ${value} <> ${own} THEN RAISE EXCEPTION 'the value of another session: %', ${value}; END IF;
EXCEPTION WHEN object_not_in_prerequisite_state THEN NULL; END $$`;

const SEQUENCES: readonly Scenario[] = [
  {
    name: 'sequence: nextval, then currval and lastval in later transactions',
    group: GROUP,
    setup: SEQUENCE,
    steps: [
      a.query(NEXT, CURRENT, 'SELECT lastval()', "SELECT nextval('own_schema.other')"),
      a.query('SELECT lastval()', CURRENT, 'BEGIN', NEXT, 'ROLLBACK', CURRENT, 'SELECT lastval()'),
    ],
  },
  {
    name: 'sequence: currval and lastval before any nextval are errors',
    group: GROUP,
    setup: SEQUENCE,
    sessions: TWO,
    steps: [
      a.query(CURRENT, 'SELECT lastval()', NEXT, CURRENT),
      b.query(CURRENT, 'SELECT lastval()', 'SELECT 1'),
    ],
  },
  {
    name: 'sequence: each session has its own currval',
    group: GROUP,
    setup: SEQUENCE,
    sessions: TWO,
    steps: [
      a.query(NEXT),
      b.query(NEXT, NEXT),
      a.query(CURRENT, 'SELECT lastval()'),
      b.query(CURRENT),
      a.query(NEXT, CURRENT),
      b.query(CURRENT, 'SELECT lastval()'),
    ],
  },
  {
    name: 'sequence: setval is seen by currval, setval as not called is not',
    group: GROUP,
    setup: SEQUENCE,
    steps: [
      a.query("SELECT setval('own_schema.s', 40)", CURRENT, NEXT, CURRENT),
      a.query("SELECT setval('own_schema.s', 7, false)", CURRENT, NEXT, CURRENT),
    ],
  },
  {
    name: 'sequence: INSERT with a serial and currval in the same transaction',
    group: GROUP,
    setup: SERIAL,
    steps: [
      a.query('BEGIN', "INSERT INTO own_schema.people (name) VALUES ('ann'), ('bob')"),
      a.query("SELECT currval('own_schema.people_id_seq')", 'SELECT lastval()', 'COMMIT'),
      a.query(
        "INSERT INTO own_schema.people (name) VALUES ('cy'); SELECT lastval()",
        "INSERT INTO own_schema.people (name) VALUES ('di') RETURNING id",
        "BEGIN; INSERT INTO own_schema.people (name) VALUES ('ed'); SELECT lastval(); COMMIT",
      ),
    ],
  },
  {
    name: 'sequence: after an INSERT in an earlier transaction, currval is its own or none',
    group: GROUP,
    setup: SERIAL,
    sessions: TWO,
    steps: [
      a.query("INSERT INTO own_schema.people (name) VALUES ('ann')"),
      b.query("INSERT INTO own_schema.people (name) VALUES ('bob'), ('cy')"),
      a.query(ownOrNone("currval('own_schema.people_id_seq')", 1), ownOrNone('lastval()', 1)),
      b.query(ownOrNone("currval('own_schema.people_id_seq')", 3), ownOrNone('lastval()', 3)),
    ],
  },
  {
    name: 'sequence: by prepared statements with the name bound',
    group: GROUP,
    setup: SEQUENCE,
    steps: [
      a.group(parse('SELECT nextval($1::text::regclass)', 'next')),
      a.group(parse('SELECT currval($1::text::regclass)', 'current')),
      a.group(bind({ statement: 'current', values: ['own_schema.s'] }), execute()),
      a.group(bind({ statement: 'next', values: ['own_schema.s'] }), execute()),
      a.group(bind({ statement: 'current', values: ['own_schema.s'] }), execute()),
      a.group(bind({ statement: 'current', values: ['own_schema.other'] }), execute()),
    ],
  },
  {
    name: 'sequence: DISCARD SEQUENCES and DISCARD ALL forget it',
    group: GROUP,
    setup: SEQUENCE,
    steps: [
      a.query(NEXT, 'DISCARD SEQUENCES', CURRENT, 'SELECT lastval()', NEXT, CURRENT),
      a.query('DISCARD ALL', CURRENT, NEXT, CURRENT),
    ],
  },
  {
    name: 'sequence: dropped and made again, it has no currval',
    group: GROUP,
    setup: SEQUENCE,
    steps: [
      a.query(NEXT, 'DROP SEQUENCE own_schema.s', CURRENT, 'CREATE SEQUENCE own_schema.s'),
      a.query(CURRENT, NEXT, CURRENT),
    ],
  },
];

const RANDOM: readonly Scenario[] = [
  {
    name: 'random: setseed in a transaction decides what follows in it',
    group: GROUP,
    steps: [
      a.query('BEGIN', 'SELECT setseed(0.5)', 'SELECT random(), random()', 'COMMIT'),
      a.query('BEGIN', 'SET seed = 0.5', 'SELECT random(), random()', 'COMMIT'),
    ],
  },
  {
    name: 'random: setseed decides what follows in later transactions',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('SELECT setseed(0.25)', 'SELECT random()'),
      b.query('SELECT setseed(0.75)', 'SELECT random()'),
      a.query('SELECT random()', 'BEGIN', 'SELECT random()', 'ROLLBACK', 'SELECT random()'),
      b.query('SELECT random()', 'SELECT setseed(2)', 'SELECT random()'),
    ],
  },
];

const LOADING: readonly Scenario[] = [
  {
    name: 'load: a library and its settings last over transactions',
    group: 'LOAD',
    sessions: { a: { user: 'chief' }, b: { user: 'chief' } },
    steps: [
      a.query('SHOW auto_explain.log_analyze', "LOAD 'auto_explain'"),
      a.query('SHOW auto_explain.log_analyze', "SET auto_explain.log_min_duration = '1h'"),
      b.query('SHOW auto_explain.log_analyze', 'SHOW auto_explain.log_min_duration'),
      a.query('SHOW auto_explain.log_min_duration', 'SELECT 1'),
      a.query("SET auto_explain.log_analyze = 'perhaps'", 'SHOW auto_explain.log_analyze'),
    ],
  },
  {
    name: 'load: refused to others, and for what is not there',
    group: 'LOAD',
    sessions: { a: {}, b: { user: 'chief' } },
    steps: [
      a.query("LOAD 'auto_explain'", 'SHOW auto_explain.log_analyze'),
      b.query("LOAD 'no_such_library'", 'SELECT 1'),
    ],
  },
];

export const sequenceScenarios: readonly Scenario[] = [...SEQUENCES, ...RANDOM, ...LOADING];
