import { parameterStatus } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { EMPTY_PROFILE, type Profile, profileOf, transitionSql, withSetting } from './profile';

/** The settings of one session: what it asked for at startup, and what it has by now. */
export class SessionSettings {
  profile: Profile = EMPTY_PROFILE;
  /** The settings of the startup packet, to which RESET returns. */
  startup: Profile = EMPTY_PROFILE;

  begin(profile: Profile): void {
    this.profile = profile;
    this.startup = profile;
  }

  /** These settings have been brought back to what the startup packet says. */
  restored(names: readonly string[]): void {
    for (const name of names)
      this.profile = withSetting(this.profile, name, this.startup.values.get(name));
  }

  /** What sets these to what the startup packet says. */
  startupSql(names: readonly string[]): string {
    const { values } = this.startup;
    const wanted = new Map(names.map((name) => [name, values.get(name) ?? '']));
    return transitionSql(EMPTY_PROFILE, profileOf(wanted), () => undefined);
  }

  /** PostgreSQL has reported a value on the session's link. */
  reported(link: Link, name: string, value: string): void {
    const isDefault = link.identity?.parameters.initial(name) === value;
    // A client's RESET goes back to what its own startup packet said.
    const own = link.wasReset ? this.startup.values.get(name.toLowerCase()) : undefined;
    this.profile = withSetting(this.profile, name, isDefault ? own : value);
  }

  /**
   * The link has been brought to these settings.
   *
   * @returns what the client has to be told: after a RESET it has heard of defaults that are not its own
   */
  applied(link: Link): Buffer | undefined {
    link.profile = this.profile;
    link.changedBy = 0;
    if (!link.wasReset) return undefined;
    link.wasReset = false;
    const messages: Buffer[] = [];
    for (const [name, value] of this.startup.values) {
      const reportedName = link.identity?.parameters.reportedName(name);
      if (reportedName !== undefined) messages.push(parameterStatus(reportedName, value));
    }
    return messages.length === 0 ? undefined : Buffer.concat(messages);
  }
}
