import { type ColumnDescription, dataRow, rowDescription } from '@pgweir/protocol';

/** The types that console columns have: PostgreSQL's OID and length. */
const TYPES = {
  text: { typeOid: 25, typeLength: -1 },
  int4: { typeOid: 23, typeLength: 4 },
  int8: { typeOid: 20, typeLength: 8 },
  numeric: { typeOid: 1700, typeLength: -1 },
  bytea: { typeOid: 17, typeLength: -1 },
} as const;

type ColumnType = keyof typeof TYPES;
export type Column = readonly [name: string, type: ColumnType];
export type Value = string | number | null;
export type Row = readonly Value[];

export type Format = 'text' | 'binary';

/** The RowDescription of `columns` in these formats. */
export function describeColumns(columns: readonly Column[], formats: readonly Format[]): Buffer {
  return rowDescription(
    columns.map(([name, type], at): ColumnDescription => {
      const format = formats[at] === 'binary' ? 'binary' : undefined;
      return { name, ...TYPES[type], format };
    }),
  );
}

/** One row as a DataRow. */
export function encodeRow(
  columns: readonly Column[],
  row: Row,
  formats: readonly Format[],
): Buffer {
  return dataRow(
    columns.map(([, type], at) => {
      const value = row[at] ?? null;
      if (value === null) return null;
      return formats[at] === 'binary' ? binary(type, value) : String(value);
    }),
  );
}

/** @see PostgreSQL source, the `send` functions of these types */
function binary(type: ColumnType, value: string | number): Buffer {
  switch (type) {
    case 'int4': {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(Math.max(INT4_MIN, Math.min(INT4_MAX, Math.trunc(Number(value)))));
      return bytes;
    }
    case 'int8': {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64BE(BigInt(Math.trunc(Number(value))));
      return bytes;
    }
    case 'numeric':
      return binaryNumeric(BigInt(Math.trunc(Number(value))));
    default:
      return Buffer.from(String(value));
  }
}

/** What does not fit is shown as the most that does: wrapped it would be another number. */
const INT4_MAX = 0x7fffffff;
const INT4_MIN = -0x80000000;

const NUMERIC_BASE = 10_000n;
const NUMERIC_NEGATIVE = 0x4000;

/** A whole number as PostgreSQL sends a numeric: digits to the base 10,000, the highest first. */
function binaryNumeric(value: bigint): Buffer {
  const digits: number[] = [];
  for (let rest = value < 0n ? -value : value; rest > 0n; rest /= NUMERIC_BASE) {
    digits.unshift(Number(rest % NUMERIC_BASE));
  }
  const bytes = Buffer.alloc(8 + 2 * digits.length);
  bytes.writeInt16BE(digits.length, 0);
  bytes.writeInt16BE(Math.max(0, digits.length - 1), 2);
  bytes.writeUInt16BE(value < 0n ? NUMERIC_NEGATIVE : 0, 4);
  for (const [at, digit] of digits.entries()) bytes.writeInt16BE(digit, 8 + 2 * at);
  return bytes;
}
