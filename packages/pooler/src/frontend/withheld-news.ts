import { parameterStatus, readyForQuery } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import type { ReportedParameters } from '../backend/reported-parameters';
import { STATUS_FAILED, STATUS_IDLE } from '../backend/server-status';
import type { Listener } from '../listen/listener';
import type { Profile } from '../session-state/profile';
import type { Session } from './session';

/**
 * What a client is not told before a statement's whole effect is known: changes of settings, and
 * ReadyForQuery.
 */
export class WithheldNews {
  /** What the client knows of reported settings, while it is not told of changes. */
  #told: Map<string, string> | undefined;
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** The settings as the client knows them, while it is not told of changes; otherwise undefined. */
  get told(): ReadonlyMap<string, string> | undefined {
    return this.#told;
  }

  /** From here on the client hears of no setting. */
  begin(): void {
    this.#told ??= new Map(this.#session.link?.identity?.parameters.currentValues ?? []);
    this.#session.withholds = true;
  }

  /** Tells of settings that are not as the client knows them, of notifications, and ReadyForQuery. */
  tell(link: Link, listener: Listener | undefined): void {
    const told = this.#told;
    if (told === undefined) return;
    const { parameters } = link.identity ?? {};
    this.#told = undefined;
    if (parameters === undefined) return;
    this.#session.withholds = false;
    const messages = settingNews(this.#session.settings.profile, parameters, told);
    if (listener !== undefined && link.status === STATUS_IDLE) messages.push(listener.takeDue());
    messages.push(readyForQuery(statusLetter(link.status)));
    const bytes = Buffer.concat(messages);
    this.#session.fromLink(bytes, 0, bytes.length);
  }
}

/** Tells of reported settings that are not as the client knows them. `profile`: what its session has. */
export function settingNews(
  profile: Profile,
  parameters: ReportedParameters,
  told: ReadonlyMap<string, string>,
): Buffer[] {
  const messages: Buffer[] = [];
  for (const [name, value] of parameters.currentValues) {
    const own = profile.values.get(name.toLowerCase());
    const actual = parameters.belongsToSession(name)
      ? (own ?? parameters.initial(name) ?? value)
      : value;
    if (actual !== told.get(name)) messages.push(parameterStatus(name, actual));
  }
  return messages;
}

function statusLetter(status: number): 'I' | 'T' | 'E' {
  if (status === STATUS_IDLE) return 'I';
  return status === STATUS_FAILED ? 'E' : 'T';
}
