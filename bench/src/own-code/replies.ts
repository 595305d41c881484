import { frame } from '@pgweir/testkit';

const NOTHING = Buffer.alloc(0);
/** One column, `abalance`, of which nothing matters here but its length. */
const ROW = frame('T', Buffer.concat([Buffer.from('\0\x01abalance\0'), Buffer.alloc(18)]));
const RESULT = Buffer.concat([
  frame('D', Buffer.from('\0\x01\0\0\0\x010')),
  frame('C', Buffer.from('SELECT 1\0')),
]);
export const READY = frame('Z', Buffer.from('I'));

/** What PostgreSQL says to a message, by its tag. */
const REPLIES: Readonly<Record<string, Buffer>> = {
  P: frame('1', NOTHING),
  B: frame('2', NOTHING),
  C: frame('3', NOTHING),
  D: ROW,
  E: RESULT,
  S: READY,
  Q: Buffer.concat([ROW, RESULT, READY]),
};

/** PostgreSQL's side of a login without a password. */
export const WELCOME = Buffer.concat([
  frame('R', Buffer.alloc(4)),
  frame('S', Buffer.from('server_version\x0018.0\0')),
  frame('S', Buffer.from('client_encoding\0UTF8\0')),
  frame('S', Buffer.from('standard_conforming_strings\0on\0')),
  frame('K', Buffer.alloc(8, 1)),
  READY,
]);

const known = new Map<string, Buffer>();

/** The answers to the whole messages in `bytes[start, end)`. */
export function replyTo(bytes: Buffer, start: number, end: number): Buffer {
  let tags = '';
  for (let at = start; at < end; at += 1 + bytes.readInt32BE(at + 1)) {
    tags += String.fromCharCode(bytes[at] ?? 0);
  }
  let reply = known.get(tags);
  if (reply === undefined) {
    reply = Buffer.concat([...tags].map((tag) => REPLIES[tag] ?? unanswered(tag)));
    known.set(tags, reply);
  }
  return reply;
}

function unanswered(tag: string): never {
  throw new Error(`no answer to ${tag}`);
}
