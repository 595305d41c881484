import { backendKeyData, noticeResponse, parameterStatus, readyForQuery } from '@pgweir/protocol';
import { ReportedParameters } from '../backend/reported-parameters';
import type { IssuedKey } from '../cancel/cancel-keys';
import type { ReportedValues } from '../ports/welcome-exchange';
import type { Profile } from '../session-state/profile';
import { AcceptedSettings } from './accepted-settings';

/** What clients with one profile are told at the end of their login. */
export interface Welcome {
  /** One object for all clients with these settings. */
  readonly profile: Profile;
  /** The ParameterStatus messages. */
  readonly statuses: Buffer;
  readonly applicationName: string;
}

/** Welcomes kept per pool; all are forgotten when there are more. */
const WELCOMES_MAX = 1000;

/** What one pool knows for welcoming clients without a link. */
export class WelcomeBook {
  /** What PostgreSQL said at the latest login; undefined before the first one. */
  reported: ReportedParameters | undefined;
  readonly accepted = new AcceptedSettings();
  /** Put into bytes once for each profile that clients come with. */
  readonly #known = new Map<string, Welcome>();
  #initialValues: ReadonlyMap<string, string> | undefined;

  /** The newest link knows best: the server may have been upgraded, or a default changed. */
  refresh(reported: ReportedParameters): void {
    if (this.reported !== undefined && !reported.sameInitialValues(this.reported)) {
      this.accepted.clear();
    }
    this.reported = reported;
  }

  /** Takes somebody else's word as long as there is no link's. @returns whether that was news */
  adopt(values: ReportedValues | undefined): boolean {
    if (values === undefined || this.reported !== undefined) return false;
    this.reported = new ReportedParameters(new Map(values));
    return true;
  }

  /** The servers have changed. */
  forget(): void {
    this.reported = undefined;
    this.accepted.clear();
  }

  find(profile: Profile): Welcome {
    // Only where a reload has just made us forget it.
    const reported = this.reported ?? NOTHING_REPORTED;
    if (this.#initialValues !== reported.initialValues || this.#known.size >= WELCOMES_MAX) {
      this.#known.clear();
      this.#initialValues = reported.initialValues;
    }
    const known = this.#known.get(profile.key);
    if (known !== undefined) return known;
    const welcome = makeWelcome(reported, profile);
    this.#known.set(profile.key, welcome);
    return welcome;
  }
}

const NOTHING_REPORTED = new ReportedParameters(new Map());

/** What PostgreSQL reported, with the client's own settings in their places. */
export function makeWelcome(reported: ReportedParameters, profile: Profile): Welcome {
  const parameters = new Map(reported.initialValues);
  for (const [name, value] of profile.values) {
    const reportedName = reported.reportedName(name);
    if (reportedName !== undefined) parameters.set(reportedName, value);
  }
  const statuses = [...parameters].map(([name, value]) => parameterStatus(name, value));
  return {
    profile,
    statuses: Buffer.concat(statuses),
    applicationName: parameters.get('application_name') ?? '',
  };
}

const READY = readyForQuery('I');

/** The last messages of a login, in one piece: one write, and one packet for most clients. */
export function welcomeMessages(
  before: readonly Buffer[],
  welcome: Welcome,
  { cancel, notice }: { readonly cancel: IssuedKey; readonly notice: string },
): Buffer {
  const key = Buffer.from(cancel.secret, 'latin1');
  const parts = [...before, welcome.statuses, backendKeyData(cancel.processId, key)];
  if (notice !== '') {
    parts.push(noticeResponse({ severity: 'NOTICE', code: '00000', message: notice }));
  }
  parts.push(READY);
  return Buffer.concat(parts);
}
