import { DatagramSender } from '../system-calls';
import { errorCode, reasonOf } from '../system-error';
import { type SyslogLine, type SyslogSettings, syslogMessage } from './syslog-message';

/** Where the local syslog receives. */
export const SYSLOG_PATH = '/dev/log';

/**
 * The local syslog. It never waits and keeps nothing: a line that cannot be sent at once is lost and
 * counted, and the next one that goes out says how many were. The path is looked up for each line, so a
 * syslog that was restarted is found again by itself.
 */
export class Syslog {
  settings: SyslogSettings;
  readonly #sender: DatagramSender;
  #lost = 0;
  #state: 'reached' | 'behind' | 'absent' = 'reached';

  /** @throws Error with a text for the operator: datagrams cannot be sent here */
  constructor(settings: SyslogSettings, path: string) {
    this.settings = settings;
    this.#sender = new DatagramSender(path);
  }

  /**
   * `noticeOf`: the text that says how many lines before this one could not be sent.
   *
   * @returns why it cannot be reached, the first time that it is so
   */
  write(line: SyslogLine, noticeOf: (lost: number) => string): string | undefined {
    const notice = this.#lost > 0 ? noticeOf(this.#lost) : '';
    const before = this.#state;
    try {
      if (notice !== '') {
        this.#sender.send(syslogMessage(this.settings, { ...line, level: 'warn', text: notice }));
        this.#lost = 0;
      }
      this.#sender.send(syslogMessage(this.settings, line));
      this.#state = 'reached';
      return undefined;
    } catch (error) {
      this.#lost += 1;
      this.#state = errorCode(error) === 'EAGAIN' ? 'behind' : 'absent';
      return this.#state === 'absent' && before !== 'absent' ? reasonOf(error) : undefined;
    }
  }

  close(): void {
    this.#sender.close();
  }
}
