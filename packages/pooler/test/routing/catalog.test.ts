import {
  availableMajors,
  type Cluster,
  HandClock,
  type Major,
  startCluster,
  waitFor,
} from '@pgweir/testkit';
import * as fc from 'fast-check';
import { CatalogKnowledge } from '../../src/routing/catalog-knowledge';
import { ReadJudge, type Verdict } from '../../src/routing/read-judge';
import type { Nature } from '../../src/routing/read-proof';
import { type Grammar, loadGrammar } from '../../src/sql/grammar';
import { sqlTexts } from '../sql/statements';
import { AskingServer } from './asking-server';
import { JUDGED, SCHEMA } from './fixture';
import { NATURES } from './natures';

type Client = Awaited<ReturnType<Cluster['primary']['connect']>>;

const MAJORS_TRIED: readonly Major[] = [14, 18];
const NATURE_NAMES: readonly Nature[] = ['read', 'local', 'opener', 'other'];
/** What no RESET or DISCARD takes back. */
const READ_ONLY = { options: '-c default_transaction_read_only=on' };
/** What a write says where nothing may be written, and what else replicas refuse. */
const REFUSED = ['25006', '0A000'];

for (const major of MAJORS_TRIED) {
  const missing = availableMajors().includes(major) ? '' : ' (skipped: no binaries here)';
  const describeMajor = missing === '' ? describe : describe.skip;
  describeMajor(`the catalog of PostgreSQL ${major}${missing}`, () => {
    let cluster: Cluster;
    let grammar: Grammar;
    let client: Client;
    let server: AskingServer;
    let judge: ReadJudge;

    beforeAll(async () => {
      grammar = await loadGrammar();
      cluster = await startCluster({ major, replicas: 1 });
      await cluster.primary.query(SCHEMA);
      client = await cluster.primary.connect();
      server = new AskingServer(client);
      judge = newJudge();
    });

    afterAll(async () => {
      await client?.end();
      await cluster?.stop();
    });

    function newJudge(): ReadJudge {
      const clock = new HandClock();
      const knowledge = new CatalogKnowledge({ questions: server, clock });
      return new ReadJudge({ grammar, knowledge, clock });
    }

    /** The verdict when everything has been asked. */
    async function settled(by: ReadJudge, text: string): Promise<Verdict> {
      const bytes = Buffer.from(text);
      by.verdictOn(bytes, 0, bytes.length);
      await waitFor(() => server.isIdle, { what: 'the catalog' });
      return by.verdictOn(bytes, 0, bytes.length);
    }

    describe.each(NATURE_NAMES)('%s', (nature) => {
      test.each(JUDGED[nature])('%s', async (text) => {
        expect((await settled(judge, text)).nature).toBe(nature);
        expect(server.errors).toEqual([]);
      });
    });

    test('what is not known yet is no read, and nobody waits for the catalog', async () => {
      const other = newJudge();
      const text = Buffer.from('SELECT * FROM t');
      expect(other.isProvenRead(text, 0, text.length)).toBe(false);
      await waitFor(() => server.isIdle, { what: 'the catalog' });
      expect(other.isProvenRead(text, 0, text.length)).toBe(true);
    });

    test("another session's temporary table does not stand for a table of that name", async () => {
      const somebody = await cluster.primary.connect();
      await somebody.query('CREATE TEMP TABLE v (a int); CREATE TEMP TABLE only_temp (a int)');
      const other = newJudge();
      expect((await settled(other, 'TABLE v')).nature).toBe('read');
      expect((await settled(other, 'TABLE only_temp')).nature).toBe('other');
      await somebody.end();
    });

    test('a name means the same whatever path the asking link has', async () => {
      await client.query('SET search_path TO other, s');
      expect((await settled(newJudge(), 'SELECT lower(c) FROM t')).nature).toBe('read');
      expect((await settled(newJudge(), 'TABLE lonely')).nature).toBe('read');
      await client.query('RESET search_path');
    });

    test('functions of ours in the path of the asking link are not called', async () => {
      await client.query(`CREATE SCHEMA trap; CREATE FUNCTION trap.min(text) RETURNS text
        LANGUAGE sql AS 'SELECT ''trapped'''; CREATE TABLE trap.pg_proc (oid int);
        SET search_path TO trap, pg_catalog`);
      expect((await settled(newJudge(), 'SELECT random()')).nature).toBe('other');
      expect((await settled(newJudge(), 'SELECT lower(c) FROM t')).nature).toBe('read');
      await client.query('RESET search_path; DROP SCHEMA trap CASCADE');
      expect(server.errors).toEqual([]);
    });

    test.each([
      [
        'an implicit cast',
        `CREATE TYPE odd AS (a int); CREATE FUNCTION odd_text(odd) RETURNS text LANGUAGE sql
          AS 'SELECT ''x'''; CREATE CAST (odd AS text) WITH FUNCTION odd_text(odd) AS IMPLICIT`,
        'DROP TYPE odd CASCADE',
        'cast from ',
      ],
      [
        'an operator that compares',
        `CREATE FUNCTION odd_equal(int, text) RETURNS bool LANGUAGE sql AS 'SELECT true';
          CREATE OPERATOR = (FUNCTION = odd_equal, LEFTARG = int, RIGHTARG = text)`,
        'DROP FUNCTION odd_equal CASCADE',
        'operator ',
      ],
    ])(
      '%s that is volatile: nothing is proven, and why can be told',
      async (_, make, drop, why) => {
        await client.query(make);
        const clock = new HandClock();
        const knowledge = new CatalogKnowledge({ questions: server, clock });
        const odd = new ReadJudge({ grammar, knowledge, clock });
        expect((await settled(odd, 'SELECT * FROM t')).nature).toBe('other');
        expect(knowledge.oddity).toContain(why);
        expect((await settled(odd, 'SHOW work_mem')).nature).toBe('local');
        await client.query(drop);
        knowledge.schemaChanged();
        expect((await settled(odd, 'SELECT * FROM t')).nature).toBe('read');
        expect(knowledge.oddity).toBeUndefined();
      },
    );

    describe('what is proven', () => {
      const texts = [
        ...NATURE_NAMES.flatMap((nature) => [...NATURES[nature], ...JUDGED[nature]]),
        ...fc.sample(sqlTexts, { numRuns: 400, seed: 6 }),
      ];
      let proven: readonly string[];

      beforeAll(async () => {
        const found: string[] = [];
        for (const text of texts) {
          if ((await settled(judge, text)).nature !== 'other') found.push(text);
        }
        proven = found;
        const [row] = await cluster.primary.query('SELECT pg_current_wal_lsn()::text AS lsn');
        const caughtUp = 'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS is';
        await waitFor(
          async () => {
            const [answer] = (await cluster.replicas[0]?.query(caughtUp, [row?.lsn])) ?? [];
            return answer?.is === true;
          },
          { what: 'the replica' },
        );
      });

      test('there is enough of it, and enough that is not', () => {
        expect(proven.length).toBeGreaterThan(120);
        expect(texts.length - proven.length).toBeGreaterThan(200);
      });

      test('runs where nothing may be written', async () => {
        const reader = await cluster.primary.connect(READ_ONLY);
        const codes = await codesOf(reader, proven);
        await reader.end();
        expect(refusedOf(codes)).toEqual([]);
        expect(codes.filter(([, code]) => code === 'ok').length).toBeGreaterThan(90);
      });

      test('runs on a replica, unless it is about the server', async () => {
        const reader = await cluster.replicas[0]?.connect();
        if (reader === undefined) throw new Error('no replica');
        const local = new Set([...NATURES.local, ...JUDGED.local]);
        const codes = await codesOf(
          reader,
          proven.filter((text) => !local.has(text)),
        );
        await reader.end();
        expect(refusedOf(codes)).toEqual([]);
        expect(codes.filter(([, code]) => code === 'ok').length).toBeGreaterThan(80);
      });

      test('leaves no trace where everything may be written', async () => {
        const writer = await cluster.primary.connect();
        const before = await writer.query('SELECT last_value, is_called FROM seq');
        const wrote: string[] = [];
        for (const text of proven.filter((each) => !/begin|start/i.test(each))) {
          await writer.query('BEGIN');
          const code = await codeOf(writer, text);
          if (code === 'ok' && (await hasId(writer))) wrote.push(text);
          await writer.query('ROLLBACK');
        }
        expect(wrote).toEqual([]);
        expect((await writer.query('SELECT last_value, is_called FROM seq')).rows).toEqual(
          before.rows,
        );
        await writer.end();
      });

      test('and what a read-only server refuses as a write was never proven', async () => {
        const reader = await cluster.primary.connect(READ_ONLY);
        const codes = await codesOf(reader, NATURES.other);
        await reader.end();
        const refused = codes.filter(([, code]) => code === '25006').map(([text]) => text);
        expect(refused.length).toBeGreaterThan(20);
        expect(refused.filter((text) => proven.includes(text))).toEqual([]);
      });
    });
  });
}

async function codeOf(client: Client, text: string): Promise<string> {
  try {
    await client.query(text);
    return 'ok';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

async function codesOf(
  client: Client,
  texts: readonly string[],
): Promise<readonly (readonly [text: string, code: string])[]> {
  const codes: [string, string][] = [];
  for (const text of texts) {
    codes.push([text, await codeOf(client, text)]);
    await codeOf(client, 'ROLLBACK');
  }
  return codes;
}

function refusedOf(codes: readonly (readonly [string, string])[]): readonly unknown[] {
  return codes.filter(([, code]) => REFUSED.includes(code));
}

async function hasId(client: Client): Promise<boolean> {
  const { rows } = await client.query('SELECT pg_current_xact_id_if_assigned()::text AS id');
  return rows[0]?.id !== null;
}
