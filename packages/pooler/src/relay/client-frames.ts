import { Frontend } from '@pgweir/protocol';

/** What to do with a frame from a client, by its tag. */
export const REFUSE = 0;
/** Needs a link, goes through. */
export const FORWARD = 1;
/** Goes through where there is a link; PostgreSQL ignores it outside of a COPY, and so do we. */
export const FORWARD_IF_LEASED = 2;
export const TERMINATE = 3;

export const INTEREST = new Uint8Array(256);
for (const tag of [
  Frontend.Bind,
  Frontend.Close,
  Frontend.Describe,
  Frontend.Execute,
  Frontend.FunctionCall,
  Frontend.Parse,
  Frontend.Query,
  Frontend.Sync,
]) {
  INTEREST[tag] = FORWARD;
}
for (const tag of [Frontend.CopyData, Frontend.CopyDone, Frontend.CopyFail, Frontend.Flush]) {
  INTEREST[tag] = FORWARD_IF_LEASED;
}
INTEREST[Frontend.Terminate] = TERMINATE;

/** PostgreSQL's own limits for a length field; a longer message would cost the link. */
const LARGE_MESSAGE_BYTES_MAX = 0x3ffffffe;
const SMALL_MESSAGE_BYTES_MAX = 10_000;
export const LENGTH_BYTES = 4;

export const BODY_BYTES_MAX = new Int32Array(256).fill(SMALL_MESSAGE_BYTES_MAX - LENGTH_BYTES);
for (const tag of [
  Frontend.Bind,
  Frontend.CopyData,
  Frontend.FunctionCall,
  Frontend.Parse,
  Frontend.Query,
]) {
  BODY_BYTES_MAX[tag] = LARGE_MESSAGE_BYTES_MAX - LENGTH_BYTES;
}
// A Flush with a body fails, and PostgreSQL then skips everything up to a Sync; that would be the next
// client's statement, for nothing is owed for a Flush.
BODY_BYTES_MAX[Frontend.Flush] = 0;
