import type { Nature } from '../../src/routing/read-proof';

/** Objects in which something hides that a statement does not show. */
export const SCHEMA = `
CREATE SCHEMA s; CREATE SCHEMA other;
CREATE SEQUENCE seq; CREATE SEQUENCE s.seq;
CREATE TABLE t (a int, b int, c text, d timestamptz DEFAULT now(), j jsonb); INSERT INTO t VALUES (1, 2, 'x');
CREATE TABLE u (a int, b int); CREATE TABLE v (a int); CREATE TABLE s.t (a int, b int);
CREATE TABLE other.lonely (a int);
CREATE UNLOGGED TABLE unlogged (a int); CREATE UNLOGGED TABLE other.both_kinds (a int);
CREATE TABLE both_kinds (a int);
CREATE TABLE parts (a int) PARTITION BY RANGE (a);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (9);
CREATE TABLE parent (a int); CREATE UNLOGGED TABLE parent_child () INHERITS (parent);
CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE far (a int) SERVER nowhere;
CREATE TABLE part_far (a int) PARTITION BY RANGE (a);
CREATE FOREIGN TABLE part_far_1 PARTITION OF part_far FOR VALUES FROM (0) TO (9) SERVER nowhere;
CREATE MATERIALIZED VIEW mat AS SELECT a FROM t;

CREATE FUNCTION immutable_one(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION stable_one(int) RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION volatile_one(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION stable_rows() RETURNS SETOF t STABLE LANGUAGE sql AS 'TABLE t';
CREATE FUNCTION "Quoted One"(int) RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION overloaded(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION overloaded(text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION in_schemas(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION other.in_schemas(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION default_writes(a int DEFAULT nextval('seq')) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION default_of_default(a int DEFAULT default_writes()) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION default_reads(a int DEFAULT stable_one(1)) RETURNS int STABLE LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION of_row(t) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION stable_of_row(t) RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION of_row_too(t, a int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE proc() LANGUAGE sql AS 'SELECT 1';

CREATE FUNCTION add_volatile(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 + $2';
CREATE AGGREGATE plain_sum(int) (SFUNC = int4pl, STYPE = int);
CREATE AGGREGATE volatile_sum(int) (SFUNC = add_volatile, STYPE = int);
CREATE OPERATOR <+> (FUNCTION = add_volatile, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR s.<*> (FUNCTION = add_volatile, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR <-> (FUNCTION = int4mi, LEFTARG = int, RIGHTARG = int);

CREATE FUNCTION noisy(int) RETURNS bool LANGUAGE sql AS 'SELECT true';
CREATE DOMAIN noisy_int AS int CHECK (noisy(VALUE));
CREATE DOMAIN noisy_too AS noisy_int; CREATE DOMAIN quiet_int AS int CHECK (VALUE > 0);
CREATE TYPE holds_noisy AS (a noisy_int[]);
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE FUNCTION takes_noisy(noisy_int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION gives_noisy() RETURNS noisy_too STABLE LANGUAGE sql AS 'SELECT 1';

CREATE VIEW plain_view AS SELECT t.a, lower(c) AS c, stable_one(a) FROM t JOIN u USING (a);
CREATE VIEW view_of_view AS SELECT * FROM plain_view;
CREATE VIEW view_nextval AS SELECT nextval('seq') AS n;
CREATE VIEW view_deep AS SELECT * FROM (SELECT (SELECT max(n) FROM view_nextval) AS m) AS x;
CREATE VIEW view_random AS WITH q AS (SELECT random() AS r) SELECT * FROM q;
CREATE VIEW view_volatile AS SELECT a FROM t WHERE volatile_one(a) = 1;
CREATE VIEW view_operator AS SELECT a <+> b AS a FROM t;
CREATE VIEW view_aggregate AS SELECT volatile_sum(a) FROM t;
CREATE VIEW view_window AS SELECT volatile_sum(a) OVER () FROM t;
CREATE VIEW view_default AS SELECT default_writes() AS a;
CREATE VIEW view_domain AS SELECT a::noisy_int FROM t;
CREATE VIEW view_cast AS SELECT c::quiet_int FROM t;
CREATE VIEW view_far AS SELECT * FROM far; CREATE VIEW view_unlogged AS SELECT * FROM unlogged;
CREATE VIEW view_activity AS SELECT pid FROM pg_stat_activity;
CREATE VIEW view_sequence AS SELECT last_value FROM seq;
CREATE VIEW view_setting AS SELECT a FROM t WHERE a = current_setting('x.y', true)::int;
CREATE VIEW view_rows AS SELECT * FROM stable_rows();

CREATE TABLE guarded (a int); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON guarded FOR SELECT USING (a = stable_one(a) AND a = current_setting('x.y', true)::int);
CREATE POLICY q ON guarded FOR INSERT WITH CHECK (volatile_one(a) = 1);
CREATE TABLE guarded_noisy (a int); ALTER TABLE guarded_noisy ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON guarded_noisy USING (noisy(a));
CREATE TABLE guarded_deep (a int); ALTER TABLE guarded_deep ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON guarded_deep FOR SELECT USING (a IN (SELECT n FROM view_nextval));
CREATE TABLE unguarded (a int); CREATE POLICY p ON unguarded USING (noisy(a));
CREATE VIEW view_guarded AS SELECT * FROM guarded_noisy;
`;

/** Texts by what they are when the catalog has been asked. */
export const JUDGED: Readonly<Record<Nature, readonly string[]>> = {
  read: [
    ...['SELECT * FROM t', 'SELECT * FROM s.t', 'SELECT t.a, t.c FROM t WHERE a = 1'],
    ...[
      'SELECT * FROM parts',
      'SELECT * FROM mat',
      'SELECT * FROM plain_view',
      'TABLE view_of_view',
    ],
    ...[
      'TABLE view_cast',
      'TABLE view_setting',
      'TABLE view_rows',
      'TABLE guarded',
      'TABLE unguarded',
    ],
    ...['SELECT immutable_one(1), stable_one(2)', 'SELECT public.stable_one(a) FROM t'],
    ...['SELECT "Quoted One"(1)', 'SELECT * FROM stable_rows()', 'SELECT default_reads()'],
    ...[
      'SELECT public.in_schemas(1)',
      'SELECT t.stable_of_row FROM t',
      'SELECT plain_sum(a) FROM t',
    ],
    ...[
      'SELECT 1 <-> 2',
      'SELECT 1 OPERATOR(pg_catalog.+) 2',
      'SELECT 1::quiet_int',
      "SELECT mood 'sad'",
    ],
    ...['SELECT ARRAY[1]::quiet_int[]', 'SELECT count(*), max(a), array_agg(c) FROM t GROUP BY b'],
    ...['SELECT * FROM pg_class LIMIT 1', 'SELECT relname FROM pg_catalog.pg_class LIMIT 1'],
    'SELECT table_name FROM information_schema.tables LIMIT 1',
    "SELECT now(), lower('A'), EXTRACT(year FROM d), d AT TIME ZONE 'UTC', c LIKE 'a' ESCAPE 'b' FROM t",
    "SELECT * FROM generate_series(1, 3) AS g, unnest(ARRAY[1, 2]) AS w, jsonb_array_elements('[1]')",
    "SELECT j -> 'a' ->> 'b', j @> '{}', jsonb_path_query(j, '$.a') FROM t",
    'WITH RECURSIVE q (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM q WHERE n < 5) SELECT * FROM q',
    'SELECT row_number() OVER w, sum(a) OVER w FROM t WINDOW w AS (PARTITION BY b ORDER BY a)',
    "SELECT to_char(d, 'YYYY'), age(d), date_trunc('day', d), coalesce(c, 'x') FROM t",
    'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t',
    "SELECT to_tsvector('english', c) @@ to_tsquery('english', 'x') FROM t",
    'EXPLAIN ANALYZE SELECT * FROM t',
    'BEGIN READ ONLY; SELECT * FROM t; COMMIT',
    'SELECT a FROM t TABLESAMPLE bernoulli (50)',
    'SELECT (SELECT max(a) FROM u) FROM t WHERE EXISTS (SELECT FROM v)',
  ],
  local: [
    ...['SHOW work_mem', 'SELECT pg_backend_pid()', 'SELECT version()', 'TABLE view_activity'],
    ...['SELECT * FROM pg_settings', 'SELECT * FROM pg_stat_activity', 'SELECT inet_server_port()'],
    ...[
      'SELECT * FROM pg_stat_user_tables',
      'SELECT pg_postmaster_start_time()',
      'EXPLAIN TABLE t',
    ],
    "SELECT current_setting('work_mem')",
    'SELECT * FROM t, pg_stat_replication',
  ],
  opener: ['BEGIN READ ONLY', 'BEGIN READ ONLY; SELECT * FROM t'],
  other: [
    ...[
      'TABLE unlogged',
      'TABLE parent',
      'TABLE far',
      'TABLE part_far',
      'TABLE seq',
      'TABLE s.seq',
    ],
    ...[
      'TABLE both_kinds',
      'TABLE nowhere_at_all',
      'TABLE s.parts',
      'SELECT * FROM pg_toast.nothing',
    ],
    ...['TABLE view_nextval', 'TABLE view_deep', 'TABLE view_random', 'TABLE view_volatile'],
    ...['TABLE view_operator', 'TABLE view_aggregate', 'TABLE view_window', 'TABLE view_default'],
    ...['TABLE view_domain', 'TABLE view_far', 'TABLE view_unlogged', 'TABLE view_sequence'],
    ...['TABLE guarded_noisy', 'TABLE guarded_deep', 'TABLE view_guarded'],
    ...[
      'SELECT volatile_one(1)',
      'SELECT overloaded(1)',
      'SELECT in_schemas(1)',
      'SELECT unknown_one(1)',
    ],
    ...[
      'SELECT other.in_schemas(1)',
      'SELECT s.stable_one(1)',
      'SELECT "quoted one"(1)',
      'SELECT proc()',
    ],
    ...['SELECT default_writes()', 'SELECT default_writes(1)', 'SELECT default_of_default()'],
    ...['SELECT t.of_row FROM t', 'SELECT t.of_row_too FROM t', 'SELECT (t).of_row FROM t'],
    ...["SELECT ('seq'::regclass).nextval", "SELECT x.nextval FROM regclass('seq'::text) AS x"],
    ...['SELECT volatile_sum(a) FROM t', 'SELECT volatile_sum(a) OVER () FROM t', 'SELECT 1 <+> 2'],
    ...[
      'SELECT 1 OPERATOR(public.<+>) 2',
      'SELECT 1 OPERATOR(s.<*>) 2',
      'SELECT 1 = ANY (SELECT 1 <+> 2)',
    ],
    ...['SELECT 1::noisy_int', 'SELECT CAST(1 AS noisy_too)', 'SELECT NULL::noisy_int[]'],
    ...['SELECT NULL::holds_noisy', 'SELECT takes_noisy(1)', 'SELECT gives_noisy()'],
    ...[
      'SELECT random()',
      'SELECT clock_timestamp()',
      'SELECT pg_sleep(0)',
      'SELECT gen_random_uuid()',
    ],
    ...['SELECT pg_is_in_recovery()', 'SELECT * FROM pg_locks', 'SELECT * FROM pg_sequences'],
    ...[
      'SELECT * FROM pg_cursors',
      'SELECT * FROM pg_prepared_xacts',
      'SELECT pg_current_wal_lsn()',
    ],
    ...["SELECT pg_relation_size('t')", "SELECT pg_read_file('x')", "SELECT nextval('seq')"],
    ...['SELECT stable_one(volatile_one(1))', 'SELECT * FROM t WHERE a = (SELECT volatile_one(1))'],
    'EXPLAIN ANALYZE SELECT volatile_one(1)',
    'EXPLAIN ANALYZE TABLE view_nextval',
    'BEGIN READ ONLY; TABLE view_nextval',
    'SELECT * FROM t; TABLE unlogged',
  ],
};
