import { serialize } from 'pg-protocol';
import { bytesOf, cstring, int32, message, wireText } from './message-writer';
import { Frontend } from './tags';

/** A clear password, or the answer to an MD5 challenge. */
export function passwordMessage(text: string): Buffer {
  return serialize.password(wireText(text));
}

export function saslInitialResponse(mechanism: string, data: Buffer | string): Buffer {
  const bytes = bytesOf(data);
  return message(Frontend.Password, [cstring(mechanism), int32(bytes.length), bytes]);
}

export function saslResponse(data: Buffer | string): Buffer {
  return message(Frontend.Password, [bytesOf(data)]);
}

export function query(sql: string): Buffer {
  return serialize.query(wireText(sql));
}

/** Parse, Bind and Execute of the unnamed statement, without a Sync. */
export function unnamedStatement(sql: string): Buffer {
  return Buffer.concat([
    serialize.parse({ text: wireText(sql) }),
    serialize.bind(),
    serialize.execute(),
  ]);
}

export function copyFail(reason: string): Buffer {
  return serialize.copyFail(wireText(reason));
}

/** Parameterless messages are new buffers each time, so that nobody can spoil somebody else's. */
export function sync(): Buffer {
  return Buffer.from(serialize.sync());
}

export function flush(): Buffer {
  return Buffer.from(serialize.flush());
}

export function terminate(): Buffer {
  return Buffer.from(serialize.end());
}
