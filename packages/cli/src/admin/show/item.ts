import type {
  DaemonSnapshot,
  DatabaseStatsView,
  Holds,
  ServerCapView,
  SnapshotPart,
} from '@pgweir/pooler';
import type { DaemonConfig } from '../../config/daemon-config';
import type { LoadView } from '../../daemon-options';
import type { ServersSeen } from '../../health/server-watch';
import type { SecretView } from '../../secrets/secrets';
import type { Column, Row } from '../table';

/** All that a console can show: the daemon as it is, over all workers, at one moment. Plain data. */
export interface Picture extends DaemonSnapshot, ServersSeen {
  /** Of the last whole `stats_period`, as `StatsPeriods` makes them. */
  readonly averages: readonly DatabaseStatsView[];
  readonly holds: Holds;
  /** Servers of whose max_connections links may have a part. */
  readonly serverCaps: readonly ServerCapView[];
  readonly configuration: LoadView;
  /** How often processes of workers have had to be replaced. */
  readonly workerRestarts: number;
  /** As the process that answers knows them. */
  readonly secrets: readonly SecretView[];
}

/** What the items of SHOW are made from. */
export interface Scene {
  readonly picture: Picture;
  readonly config: DaemonConfig;
}

/** One item of SHOW. The columns of PgBouncer's items have its names, order and types. */
export interface ShowItem {
  /** What its rows are, in sentences, for the manual. Text between backticks is code. */
  readonly help: string;
  readonly columns: readonly Column[];
  /** The parts of the picture that it needs. */
  readonly parts?: readonly SnapshotPart[];
  /** Only for `admin_users`. */
  readonly forAdmins?: true;
  rows(scene: Scene): readonly Row[];
}

export type ShowItems = Readonly<Record<string, ShowItem>>;

/** The name of the console's own database, where PgBouncer lists it among the others. */
export const CONSOLE_DATABASE = 'pgbouncer';

export const texts = (...names: readonly string[]): readonly Column[] =>
  names.map((name) => [name, 'text'] as const);
export const integers = (...names: readonly string[]): readonly Column[] =>
  names.map((name) => [name, 'int4'] as const);
export const numerics = (...names: readonly string[]): readonly Column[] =>
  names.map((name) => [name, 'numeric'] as const);

/** Whole seconds, and the microseconds that are left over. */
export function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}

export function restMicroseconds(ms: number): number {
  return Math.floor((ms % 1000) * 1000);
}

const two = (number: number): string => String(number).padStart(2, '0');

/** `YYYY-MM-DD HH:MM:SS TZ` in the time zone of the daemon. */
export function timestamp(ms: number): string {
  const at = new Date(ms);
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const zone = ZONE.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC';
  return `${date} ${time} ${zone}`;
}

const ZONE = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' });

export function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
