import { notificationResponse } from '@pgweir/protocol';
import type { Link } from '../backend/link';

/** What a NotificationResponse says. */
export interface Notification {
  /** The server process that sent it. */
  readonly sender: number;
  readonly channel: string;
  /** Channel and payload as they came, each with its NUL. */
  readonly rest: Buffer;
}

const SENDER_BYTES = 4;

/** `body`: of a NotificationResponse. Names of channels are in UTF-8, or ASCII in any encoding. */
export function readNotification(body: Buffer): Notification {
  const rest = body.subarray(SENDER_BYTES);
  return { sender: body.readInt32BE(0), channel: rest.toString('utf8', 0, rest.indexOf(0)), rest };
}

/** A notification from `link` as a message: what its client has sent carries the number it was told. */
export function renumbered(body: Buffer, link: Link, toldProcessId: number): Buffer {
  const sender = body.readInt32BE(0);
  const own = sender === link.identity?.processId;
  return notificationResponse(own ? toldProcessId : sender, body.subarray(SENDER_BYTES));
}

/** The payload, for those of our own. */
export function payloadOf({ rest }: Notification): string {
  const start = rest.indexOf(0) + 1;
  return rest.toString('utf8', start, Math.max(start, rest.length - 1));
}

/** A channel in a statement. */
export function quoteChannel(channel: string): string {
  return `"${channel.replaceAll('"', '""')}"`;
}

export function listenSql(channels: Iterable<string>): string {
  return [...channels].map((channel) => `LISTEN ${quoteChannel(channel)}`).join(';');
}

export function unlistenSql(channels: Iterable<string>): string {
  return [...channels].map((channel) => `UNLISTEN ${quoteChannel(channel)}`).join(';');
}

/** `payload` is one of ours: it needs no quoting. */
export function notifySql(channel: string, payload: string): string {
  return `NOTIFY ${quoteChannel(channel)},'${payload}'`;
}
