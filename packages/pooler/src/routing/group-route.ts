import { Frontend, HEADER_BYTES as HEADER } from '@pgweir/protocol';
import { isSameName, lengthAt, type Message, nameEndAt } from '../session-state/statement-messages';
import type { ReadJudge } from './read-judge';
import { type Route, type RouteContext, routeOf } from './route';

// Constants of this module: reading them through the package's index costs a call each time.
const { Bind, Close, CopyData, CopyDone, CopyFail, Describe, Execute, Flush } = Frontend;
const { FunctionCall, Parse, Query, Sync } = Frontend;
const HEADER_BYTES = HEADER;
const LENGTH_BYTES = 4;
/** As a signed number it is negative. */
const LENGTH_MAX = 0x7fffffff;

/** Messages after which PostgreSQL says ReadyForQuery. */
const ENDS_GROUP = new Uint8Array(256);
for (const tag of [Query, Sync, FunctionCall]) ENDS_GROUP[tag] = 1;
/** Messages that a group goes on behind. */
const GOES_ON = new Uint8Array(256);
for (const tag of [Parse, Bind, Describe, Execute, Close]) GOES_ON[tag] = 1;
/** These too, when what is sent goes out anyway: the client may wait for an answer behind a Flush. */
export const UNDER_WAY = Uint8Array.from(GOES_ON);
for (const tag of [Flush, CopyData, CopyDone, CopyFail]) UNDER_WAY[tag] = 1;

/** The group goes on behind what is here. */
export const UNFINISHED = -1;
/** It does, and may do so only when the client has had an answer; or it is no group at all. */
export const NOT_WHOLE = -2;

/**
 * Where the first group of messages in `buffer[0, end)` ends. `tag`, `bodyLeft`: a message whose header
 * has been read goes on at its beginning; 0 and 0 where none does. `goesOn`: UNDER_WAY where there is a
 * link, on which all of it goes out at once.
 *
 * @returns the offset behind it, UNFINISHED or NOT_WHOLE
 */
export function groupEnd(
  buffer: Buffer,
  end: number,
  { tag = 0, bodyLeft = 0 }: { readonly tag?: number; readonly bodyLeft?: number },
  goesOn: Uint8Array = GOES_ON,
): number {
  if (bodyLeft > end) return UNFINISHED;
  if (bodyLeft > 0 && ENDS_GROUP[tag] === 1) return bodyLeft;
  let at = bodyLeft;
  while (at + HEADER_BYTES <= end) {
    const next = buffer[at] ?? 0;
    const isEnd = ENDS_GROUP[next] === 1;
    if (!isEnd && goesOn[next] !== 1) return NOT_WHOLE;
    const length = lengthAt(buffer, at);
    if (length < LENGTH_BYTES || length > LENGTH_MAX) return NOT_WHOLE;
    at += 1 + length;
    if (at > end) return UNFINISHED;
    if (isEnd) return at;
  }
  return UNFINISHED;
}

/** The text of a statement that a client has prepared, a NUL behind it; undefined: nobody knows it. */
export type PreparedText = (bind: Message) => Buffer | undefined;

interface Judging {
  readonly judge: ReadJudge;
  readonly context: RouteContext;
  readonly prepared: PreparedText;
}

const BIND: { -readonly [Name in keyof Message]: Message[Name] } = {
  buffer: Buffer.alloc(0),
  start: 0,
  end: 0,
  bodyLength: 0,
};

/**
 * Where a whole group, `buffer[0, end)`, goes: to a replica only if each of its statements may. Makes no
 * objects.
 */
export function routeOfGroup(
  buffer: Buffer,
  end: number,
  { judge, context, prepared }: Judging,
): Route {
  let route: Route = 'primary';
  /** Where the name stands that the last Parse has given. */
  let named = -1;
  for (let at = 0; at < end; ) {
    const tag = buffer[at] ?? 0;
    const body = at + HEADER_BYTES;
    at += 1 + lengthAt(buffer, at);
    if (tag === Bind) {
      const name = nameEndAt(buffer, body, at) + 1;
      // Judged as what has been parsed.
      if (named >= 0 && isSameName(buffer, named, name, at)) continue;
      BIND.buffer = buffer;
      BIND.start = body;
      BIND.end = at;
      BIND.bodyLength = at - body;
      const text = prepared(BIND);
      BIND.buffer = NOTHING;
      if (text === undefined) return 'primary';
      route = routeOf(judge.verdictOnPrepared(text), context);
    } else if (tag === Query || tag === Parse) {
      if (tag === Parse) named = body;
      const textStart = tag === Query ? body : nameEndAt(buffer, body, at) + 1;
      const textEnd = buffer.indexOf(0, textStart);
      if (textEnd < 0 || textEnd >= at) return 'primary';
      route = routeOf(judge.verdictOn(buffer, textStart, textEnd), context);
    } else if (tag === FunctionCall) return 'primary';
    else continue;
    if (route === 'primary') return route;
  }
  return route;
}

const NOTHING = Buffer.alloc(0);
