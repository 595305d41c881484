import { frame } from './frame';

/*
 * What a client sends, one message each. Nothing is checked: tests send mistakes too.
 */

export type Value = string | Buffer | null;

export function query(sql: string): Buffer {
  return frame('Q', text(sql));
}

/** @param types oids of the parameters; 0: the server finds out */
export function parse(sql: string, name = '', types: readonly number[] = []): Buffer {
  return frame(
    'P',
    Buffer.concat([text(name), text(sql), int16(types.length), ...types.map(int32)]),
  );
}

export interface BindOptions {
  readonly portal?: string;
  readonly statement?: string;
  /** 0 text, 1 binary; none: all text; one: for all. */
  readonly formats?: readonly number[];
  readonly values?: readonly Value[];
  /** Formats of the result's columns, as `formats`. */
  readonly results?: readonly number[];
}

export function bind(options: BindOptions = {}): Buffer {
  const { portal = '', statement = '', formats = [], values = [], results = [] } = options;
  const body = [
    text(portal),
    text(statement),
    int16(formats.length),
    ...formats.map(int16),
    int16(values.length),
    ...values.map(valueBytes),
    int16(results.length),
    ...results.map(int16),
  ];
  return frame('B', Buffer.concat(body));
}

/** @param kind `S` statement, `P` portal */
export function describe(kind: 'S' | 'P', name = ''): Buffer {
  return frame('D', text(kind + name));
}

/** @param rowsMax 0: all */
export function execute(rowsMax = 0, portal = ''): Buffer {
  return frame('E', Buffer.concat([text(portal), int32(rowsMax)]));
}

export function close(kind: 'S' | 'P', name = ''): Buffer {
  return frame('C', text(kind + name));
}

export function sync(): Buffer {
  return frame('S', Buffer.alloc(0));
}

export function flush(): Buffer {
  return frame('H', Buffer.alloc(0));
}

export function copyData(data: string | Buffer): Buffer {
  return frame('d', Buffer.from(data));
}

export function copyDone(): Buffer {
  return frame('c', Buffer.alloc(0));
}

export function copyFail(reason: string): Buffer {
  return frame('f', text(reason));
}

/** @param format of the arguments and of the result: 0 text, 1 binary */
export function functionCall(oid: number, values: readonly Value[], format = 1): Buffer {
  const parts = [int32(oid), int16(1), int16(format), int16(values.length)];
  return frame('F', Buffer.concat([...parts, ...values.map(valueBytes), int16(format)]));
}

export function terminate(): Buffer {
  return frame('X', Buffer.alloc(0));
}

/** Parse, Bind, Describe and Execute of the unnamed statement, without the Sync. */
export function run(sql: string, values: readonly Value[] = []): Buffer {
  return Buffer.concat([parse(sql), bind({ values }), describe('P'), execute()]);
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** With its terminator. */
export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

function valueBytes(value: Value): Buffer {
  if (value === null) return int32(-1);
  const bytes = Buffer.from(value);
  return Buffer.concat([int32(bytes.length), bytes]);
}
