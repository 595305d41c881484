/*
 * What the scripts find in the database. In a schema of its own, so that the tool can be pointed at any
 * server on which it may create one.
 */

/** Run once, by the user of the scripts. */
export const SETUP = `
DROP SCHEMA IF EXISTS differential CASCADE;
CREATE SCHEMA differential;
CREATE TABLE differential.items (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE differential.copied (id int, name text);
CREATE TABLE differential.parents (id int PRIMARY KEY);
CREATE TABLE differential.children (
  id int, parent int REFERENCES differential.parents DEFERRABLE INITIALLY DEFERRED
);
CREATE FUNCTION differential.fail(code text, message text) RETURNS void LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message,
       DETAIL = 'the detail', HINT = 'the hint'; END $$;
CREATE FUNCTION differential.notices(n int) RETURNS int LANGUAGE plpgsql AS
  $$ BEGIN FOR i IN 1..n LOOP RAISE NOTICE 'notice % of %', i, n; END LOOP; RETURN n; END $$;
`;

/** Run before each play of a script that writes. */
export const RESET = `
TRUNCATE differential.items, differential.copied, differential.children, differential.parents;
INSERT INTO differential.items SELECT i, 'item ' || i FROM generate_series(1, 10) i;
`;
