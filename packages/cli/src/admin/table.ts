import { commandComplete, dataRow, readyForQuery, rowDescription } from '@pgweir/protocol';

/** The types that console columns have: PostgreSQL's OID and length. */
const TYPES = {
  text: { typeOid: 25, typeLength: -1 },
  int4: { typeOid: 23, typeLength: 4 },
  int8: { typeOid: 20, typeLength: 8 },
  numeric: { typeOid: 1700, typeLength: -1 },
} as const;

export type Column = readonly [name: string, type: keyof typeof TYPES];
export type Value = string | number | null;

/** The messages that answer one SHOW. */
export function tableMessages(
  columns: readonly Column[],
  rows: readonly (readonly Value[])[],
): Buffer {
  return Buffer.concat([
    rowDescription(columns.map(([name, type]) => ({ name, ...TYPES[type] }))),
    ...rows.map((row) => dataRow(row.map((value) => (value === null ? null : String(value))))),
    commandComplete('SHOW'),
    readyForQuery('I'),
  ]);
}
