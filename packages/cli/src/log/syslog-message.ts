import type { Level } from './format';
import { PRIORITIES } from './priorities';

/** Those that `syslog_facility` may be, with their numbers in RFC 3164. */
export const FACILITIES = {
  auth: 4,
  authpriv: 10,
  daemon: 3,
  user: 1,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;

export interface SyslogSettings {
  readonly ident: string;
  readonly facility: keyof typeof FACILITIES;
}

export interface SyslogLine {
  readonly level: Level;
  /** Message and fields on one line, without time and process; or a line of JSON. */
  readonly text: string;
  readonly wallMs: number;
  readonly pid: number;
}

/** What receivers take without cutting it off (rsyslog's default). */
const MESSAGE_BYTES_MAX = 8192;
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** `<PRI>Mon dd hh:mm:ss ident[pid]: text` in local time, as syslog(3) sends it. */
export function syslogMessage({ ident, facility }: SyslogSettings, line: SyslogLine): string {
  const priority = FACILITIES[facility] * 8 + PRIORITIES[line.level];
  const at = new Date(line.wallMs);
  const day = String(at.getDate()).padStart(2);
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  const head = `<${priority}>${MONTHS[at.getMonth()]} ${day} ${time} ${ident}[${line.pid}]: `;
  return limited(head + line.text);
}

function limited(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= MESSAGE_BYTES_MAX) return message;
  // A character may have been cut in two.
  return bytes.toString('utf8', 0, MESSAGE_BYTES_MAX).replace(/\ufffd+$/, '');
}
