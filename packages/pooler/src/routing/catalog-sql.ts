import { quoteText } from '../session-state/sql-text';
import type { CatalogName } from './catalog-names';
import { ABOUT_SERVER, ABOUT_SERVER_BEGINNING, NO_READS } from './own-effects';

/** The question is for the sake of others, and must not keep a link from them. */
const QUESTION_TIMEOUT_MS = 10_000;

/**
 * Whatever the link has as its path, our names mean PostgreSQL's own. One simple query is one
 * transaction, with which the settings are over.
 */
const SETTINGS = [
  'SET LOCAL search_path TO pg_catalog,pg_temp',
  `SET LOCAL statement_timeout TO ${QUESTION_TIMEOUT_MS}`,
  // It is not worth being compiled, whatever the planner thinks.
  'SET LOCAL jit TO off',
];

/** What the stored tree of an expression or query refers to: pairs of a word and a number. */
const REFERENCES = "':(relid|funcid|aggfnoid|winfnoid|opno|resulttype) ([1-9][0-9]*)','g'";

/**
 * The query for names of the catalog, one row of one column: JSON with `found`, pairs of the place of a
 * name in `names` and a rank, and `oddity`. A name with several meanings has the lowest of their ranks.
 * The ranks: 0, no read; 1, about the server; 2, a read.
 *
 * Dependencies in pg_depend would not do: it holds none on what PostgreSQL itself comes with, such as
 * nextval. So the trees of views, policies and default arguments are read.
 */
export function catalogQuestion(names: readonly CatalogName[]): string {
  const rows = names.map(({ kind, schema, name }, index) => {
    const inSchema = schema === undefined ? 'NULL' : quoteText(schema);
    return `(${index},'${kind}',${inSchema}::name,${quoteText(name)}::name)`;
  });
  const oddity = names.some(({ kind }) => kind === 'database') ? `(${ODDITY})` : 'NULL';
  const select = `WITH RECURSIVE asked(n,kind,nsp,name) AS (VALUES ${rows.join(',')}),
${BAD_TYPES},
${ROOTS},
${WALK},
${RANKS}
SELECT json_build_object(
  'found',coalesce((SELECT json_agg(json_build_array(n,rank)) FROM
    (SELECT n,min(rank) AS rank FROM ranks GROUP BY n) AS each),'[]'),
  'oddity',${oddity})`;
  return [...SETTINGS, select].join(';');
}

/** Domains whose checks are volatile, and types that are made of them: a cast runs the checks. */
const BAD_TYPES = `bad_types(oid) AS (
  SELECT c.contypid FROM pg_constraint AS c WHERE c.contypid<>0 AND EXISTS (
    SELECT FROM regexp_matches(c.conbin::text,${REFERENCES}) AS m(part)
    LEFT JOIN pg_operator AS o ON m.part[1]='opno' AND o.oid=m.part[2]::oid
    JOIN pg_proc AS p ON p.oid=coalesce(o.oprcode::oid,m.part[2]::oid)
      AND m.part[1] NOT IN ('relid','resulttype')
    WHERE p.provolatile='v')
  UNION
  SELECT e.oid FROM bad_types AS b CROSS JOIN LATERAL (
    SELECT t.oid FROM pg_type AS t WHERE t.typbasetype=b.oid
    UNION ALL
    SELECT t.oid FROM pg_type AS t WHERE t.typelem=b.oid
    UNION ALL
    SELECT c.reltype FROM pg_attribute AS a JOIN pg_class AS c ON c.oid=a.attrelid
      WHERE a.atttypid=b.oid AND c.reltype<>0
  ) AS e(oid))`;

const IN_SPACE = '(a.nsp IS NULL OR a.nsp=s.nspname)';

/**
 * The objects that a name can mean. No search_path is looked at: whatever has the name counts, in every
 * schema, with whatever arguments. Temporary objects are not there for sessions that have none.
 */
const ROOTS = `spaces(oid,nspname) AS (
  SELECT s.oid,s.nspname FROM pg_namespace AS s WHERE s.nspname!~'^pg_(toast_)?temp_'),
roots(n,kind,oid) AS (
  SELECT a.n,'f',p.oid FROM asked AS a JOIN pg_proc AS p ON p.proname=a.name
    JOIN spaces AS s ON s.oid=p.pronamespace AND ${IN_SPACE} WHERE a.kind='function'
  UNION ALL
  SELECT a.n,'f',p.oid FROM asked AS a JOIN pg_proc AS p ON p.proname=a.name AND p.prokind<>'p'
    AND p.pronargs>0 AND p.pronargs-p.pronargdefaults<=1
    JOIN spaces AS s ON s.oid=p.pronamespace WHERE a.kind='attribute'
  UNION ALL
  SELECT a.n,'f',o.oprcode::oid FROM asked AS a JOIN pg_operator AS o ON o.oprname=a.name
    JOIN spaces AS s ON s.oid=o.oprnamespace WHERE a.kind='operator'
  UNION ALL
  SELECT a.n,'r',c.oid FROM asked AS a JOIN pg_class AS c ON c.relname=a.name
    AND c.relkind NOT IN ('i','I','c')
    JOIN spaces AS s ON s.oid=c.relnamespace AND ${IN_SPACE} WHERE a.kind='relation'
  UNION ALL
  SELECT a.n,'t',t.oid FROM asked AS a JOIN pg_type AS t ON t.typname=a.name
    JOIN spaces AS s ON s.oid=t.typnamespace AND ${IN_SPACE} WHERE a.kind='type')`;

/** And what they refer to, however indirectly: partitions, views in views, policies, defaults. */
const WALK = `walk(n,kind,oid) AS (
  SELECT n,kind,oid FROM roots
  UNION
  SELECT w.n,e.kind,e.oid FROM walk AS w CROSS JOIN LATERAL (
    SELECT 'r',i.inhrelid FROM pg_inherits AS i WHERE w.kind='r' AND i.inhparent=w.oid
    UNION ALL
    SELECT CASE m.part[1] WHEN 'relid' THEN 'r' WHEN 'resulttype' THEN 't' ELSE 'f' END,
      coalesce(o.oprcode::oid,m.part[2]::oid)
    FROM (
      SELECT r.ev_action::text FROM pg_rewrite AS r
        WHERE w.kind='r' AND r.ev_class=w.oid AND r.ev_type='1'
      UNION ALL
      SELECT p.polqual::text FROM pg_policy AS p JOIN pg_class AS c ON c.oid=p.polrelid
        WHERE w.kind='r' AND p.polrelid=w.oid AND p.polcmd IN ('r','*') AND c.relrowsecurity
      UNION ALL
      SELECT p.proargdefaults::text FROM pg_proc AS p WHERE w.kind='f' AND p.oid=w.oid
    ) AS t(tree)
    CROSS JOIN LATERAL regexp_matches(t.tree,${REFERENCES}) AS m(part)
    LEFT JOIN pg_operator AS o ON m.part[1]='opno' AND o.oid=m.part[2]::oid
  ) AS e(kind,oid))`;

const list = (names: readonly string[]): string => names.map((name) => quoteText(name)).join(',');

/** An aggregate is called immutable in pg_proc whatever it is made of. */
const AGGREGATE_IS_VOLATILE = `p.prokind='a' AND EXISTS (
    SELECT FROM pg_aggregate AS a CROSS JOIN LATERAL unnest(ARRAY[a.aggtransfn,a.aggfinalfn,
      a.aggcombinefn,a.aggserialfn,a.aggdeserialfn,a.aggmtransfn,a.aggminvtransfn,
      a.aggmfinalfn]::oid[]) AS f(oid)
    JOIN pg_proc AS q ON q.oid=f.oid WHERE a.aggfnoid=p.oid AND q.provolatile='v')`;

const SIGNATURE_IS_BAD = `EXISTS (
    SELECT FROM bad_types AS b WHERE b.oid=p.prorettype
      OR b.oid=ANY(coalesce(p.proallargtypes,p.proargtypes::oid[])))`;

/** Are volatile in old versions, because they look at the time of day. */
const IS_HARMLESS = `p.pronamespace='pg_catalog'::regnamespace AND p.proname='timezone'`;

const RANKS = `ranks(n,rank) AS (
  SELECT w.n,CASE
    WHEN p.prokind='p' OR p.provolatile='v' AND NOT (${IS_HARMLESS}) OR ${AGGREGATE_IS_VOLATILE} OR ${SIGNATURE_IS_BAD} THEN 0
    WHEN p.pronamespace<>'pg_catalog'::regnamespace THEN 2
    WHEN p.proname IN (${list(NO_READS)}) THEN 0
    WHEN starts_with(p.proname,${quoteText(ABOUT_SERVER_BEGINNING)})
      OR p.proname IN (${list(ABOUT_SERVER)}) THEN 1
    ELSE 2 END
  FROM walk AS w JOIN pg_proc AS p ON w.kind='f' AND p.oid=w.oid
  UNION ALL
  SELECT w.n,CASE WHEN c.relkind IN ('r','p','v','m') AND c.relpersistence='p' THEN 2 ELSE 0 END
  FROM walk AS w JOIN pg_class AS c ON w.kind='r' AND c.oid=w.oid
  UNION ALL
  SELECT w.n,0 FROM walk AS w JOIN bad_types AS b ON w.kind='t' AND b.oid=w.oid)`;

/**
 * What can be called without a name in the statement: implicit casts, and what compares the values of a
 * type. Where one of these is volatile, nothing is proven in the whole database.
 */
const ODDITY = `SELECT min(o.what) FROM (
  SELECT format('cast from %s to %s',format_type(c.castsource,NULL),format_type(c.casttarget,NULL))
  FROM pg_cast AS c JOIN pg_proc AS p ON p.oid=c.castfunc AND p.provolatile='v'
  UNION ALL
  SELECT format('operator %s',a.amopopr::regoperator) FROM pg_amop AS a
  JOIN pg_operator AS o ON o.oid=a.amopopr
  JOIN pg_proc AS p ON p.oid=o.oprcode AND p.provolatile='v'
  UNION ALL
  SELECT format('support function %s',p.oid::regprocedure) FROM pg_amproc AS a
  JOIN pg_proc AS p ON p.oid=a.amproc AND p.provolatile='v'
  UNION ALL
  SELECT format('operator %s',o.oid::regoperator) FROM pg_operator AS o
  JOIN pg_proc AS p ON p.oid=o.oprcode AND p.provolatile='v'
  WHERE o.oprname IN ('=','<>','<','<=','>','>=')) AS o(what)`;
