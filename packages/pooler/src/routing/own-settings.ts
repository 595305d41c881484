import { Frontend, HEADER_BYTES } from '@pgweir/protocol';
import { frameOf, nameEndAt } from '../session-state/statement-messages';
import { parseCausalToken } from './causal-token';

const { Parse, Query } = Frontend;

/** Settings that PostgreSQL keeps for us as it keeps any that it does not know. */
export const ROUTE = 'pgweir.route';
export const WAIT_LSN = 'pgweir.wait_lsn';
/** Of these any value is taken: what is no traceparent is none. */
export const TRACE_PARENT = 'pgweir.traceparent';
const ROUTES: readonly string[] = ['auto', 'primary', 'replica'];

/** Longer ones are not about our settings. */
const TEXT_BYTES_MAX = 300;
const OURS = Buffer.from('pgweir.');
const SHOW_LSN = /^\s*show\s+pgweir\.lsn\s*;?\s*$/i;
const SET =
  /^\s*set\s+(?:session\s+|local\s+)?pgweir\.(route|wait_lsn)\s*(?:=|\bto\b)\s*(?:'([^']*)'|(\w+))[\s;]*$/i;

/**
 * What `SHOW pgweir.lsn` is for the primary: all that is in its log now, which covers whatever a session
 * can have seen there. Not what is flushed: with `synchronous_commit` off commits are seen before that.
 */
const LSN_SQL = `
SELECT system_identifier OPERATOR(pg_catalog.||) '/' OPERATOR(pg_catalog.||)
  ('x' OPERATOR(pg_catalog.||) pg_catalog.substr(pg_catalog.pg_walfile_name(at), 1, 8)
  )::pg_catalog.bit(32)::pg_catalog.int4
  OPERATOR(pg_catalog.||) '/' OPERATOR(pg_catalog.||) at AS "pgweir.lsn"
FROM pg_catalog.pg_control_system(),
  (SELECT pg_catalog.pg_current_wal_insert_lsn() AS at) AS p`;

/**
 * - `rewritten`: these bytes take the place of the group
 * - `refused`: a value that our setting cannot have (22023)
 */
export type OwnStatement =
  | { readonly kind: 'rewritten'; readonly group: Buffer }
  | { readonly kind: 'refused'; readonly name: string; readonly value: string };

/**
 * A group, `buffer[0, end)`, that begins with a statement about a setting of ours, if it does.
 * `systemIdentifier`: of the cluster, if it is known.
 */
export function ownStatement(
  buffer: Buffer,
  end: number,
  systemIdentifier: string | undefined,
): OwnStatement | undefined {
  const tag = buffer[0];
  const bodyEnd = 1 + buffer.readUInt32BE(1);
  if ((tag !== Query && tag !== Parse) || bodyEnd > end) return undefined;
  const start = tag === Query ? HEADER_BYTES : nameEndAt(buffer, HEADER_BYTES, bodyEnd) + 1;
  if (start === 0 || !mayBeOurs(buffer, start)) return undefined;
  const textEnd = buffer.indexOf(0, start);
  if (textEnd < 0 || textEnd >= bodyEnd) return undefined;
  if (textEnd - start > TEXT_BYTES_MAX || buffer.subarray(start, textEnd).indexOf(OURS) < 0) {
    return undefined;
  }
  const text = buffer.toString('utf8', start, textEnd);
  if (SHOW_LSN.test(text)) {
    const before = buffer.subarray(HEADER_BYTES, start);
    const body = [before, Buffer.from(LSN_SQL), buffer.subarray(textEnd, bodyEnd)];
    return {
      kind: 'rewritten',
      group: Buffer.concat([frameOf(tag, ...body), buffer.subarray(bodyEnd, end)]),
    };
  }
  const [, name = '', quoted, word] = SET.exec(text) ?? [];
  const value = quoted ?? word ?? '';
  if (name === '') return undefined;
  if (word !== undefined && word.toLowerCase() === 'default') return undefined;
  const isRoute = name.toLowerCase() === 'route';
  if (isRoute ? ROUTES.includes(value) : isToken(value, systemIdentifier)) return undefined;
  return { kind: 'refused', name: `pgweir.${name.toLowerCase()}`, value };
}

function isToken(value: string, systemIdentifier: string | undefined): boolean {
  const token = parseCausalToken(value);
  if (token === undefined) return false;
  return systemIdentifier === undefined || token.systemIdentifier === systemIdentifier;
}

const SPACE = 0x20;
const LOWER = 0x20;

/** The text begins with SH or SET: most do not, and need not be looked at. */
function mayBeOurs(buffer: Buffer, start: number): boolean {
  let at = start;
  while (buffer[at] !== 0 && (buffer[at] ?? 0) <= SPACE) at++;
  const letter = (nth: number): number => (buffer[at + nth] ?? 0) | LOWER;
  // s, h, e, t
  if (letter(0) !== 0x73) return false;
  return letter(1) === 0x68 || (letter(1) === 0x65 && letter(2) === 0x74);
}
