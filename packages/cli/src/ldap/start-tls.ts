import { isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';

/** Message 1: an extended request for StartTLS. @see RFC 4511, 4.14 */
const REQUEST = Buffer.concat([
  Buffer.from([0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16]),
  Buffer.from('1.3.6.1.4.1.1466.20037'),
]);
const EXTENDED_RESPONSE = 0x78;
/** Longer answers are none. */
const RESPONSE_BYTES_MAX = 4096;

/**
 * Asks for TLS on a connection that is open, and begins it. Nothing that comes in clear text behind the
 * answer is ever read: who sits in between could put there what looks like an answer from within TLS.
 *
 * @param socket - belongs to the TLS socket afterwards; when this rejects, the caller destroys it
 */
export async function startTls(socket: Socket, host: string): Promise<TLSSocket> {
  await agreed(socket);
  // Addresses are no server names, but stand in certificates all the same.
  const secure = connect({ socket, host, ...(isIP(host) === 0 ? { servername: host } : {}) });
  return await new Promise((resolve, reject) => {
    // Stays: an error may be followed by another one.
    secure.on('error', reject);
    secure.once('close', () => reject(new Error('closed during the TLS handshake')));
    secure.once('secureConnect', () => {
      if (secure.authorized) resolve(secure);
      else reject(new Error('the certificate is not trusted'));
    });
  });
}

/** The server has agreed, and has said nothing else. */
function agreed(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let kept = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      kept = Buffer.concat([kept, chunk]);
      const answer = readAnswer(kept);
      if (answer.kind === 'partial') return;
      socket.off('data', onData);
      socket.pause();
      if (answer.kind === 'agreed') resolve();
      else reject(new Error(answer.why));
    };
    socket.on('data', onData);
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('closed before TLS')));
    socket.write(REQUEST);
  });
}

type Answer =
  | { readonly kind: 'partial' }
  | { readonly kind: 'agreed' }
  | { readonly kind: 'bad'; readonly why: string };

/** What the bytes so far say. */
export function readAnswer(bytes: Buffer): Answer {
  const message = headerAt(bytes, 0);
  if (message === undefined || message.end > bytes.length) {
    if (bytes.length < RESPONSE_BYTES_MAX) return { kind: 'partial' };
    return { kind: 'bad', why: 'the answer to StartTLS is too long' };
  }
  if (message.end < bytes.length) return { kind: 'bad', why: 'clear text behind StartTLS' };
  const id = headerAt(bytes, message.start);
  const response = id === undefined ? undefined : headerAt(bytes, id.end);
  const code = response === undefined ? undefined : headerAt(bytes, response.start);
  if (response?.tag !== EXTENDED_RESPONSE || code === undefined || code.end - code.start !== 1) {
    return { kind: 'bad', why: 'the answer to StartTLS is no answer' };
  }
  const result = bytes[code.start];
  return result === 0
    ? { kind: 'agreed' }
    : { kind: 'bad', why: `StartTLS is refused (${result})` };
}

/** Where an element of BER has its content; undefined: not even its length is there. */
function headerAt(
  bytes: Buffer,
  at: number,
): { readonly tag: number; readonly start: number; readonly end: number } | undefined {
  const [tag, first] = bytes.subarray(at, at + 2);
  if (tag === undefined || first === undefined) return undefined;
  if (first < 0x80) return { tag, start: at + 2, end: at + 2 + first };
  const size = first & 0x7f;
  const start = at + 2 + size;
  // Lengths of more than four bytes are more than there can be.
  if (size === 0 || size > 4) return { tag, start, end: Number.POSITIVE_INFINITY };
  if (bytes.length < start) return undefined;
  return { tag, start, end: start + bytes.readUIntBE(at + 2, size) };
}
