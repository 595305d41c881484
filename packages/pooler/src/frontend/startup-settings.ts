import { type ErrorFields, parseOptions } from '@pgweir/protocol';
import { addressText } from '../backend/server-address';
import { errorFields } from '../errors';
import type { Address } from '../ports/transport';
import type { PoolerSettings } from '../settings/settings';

/** What a startup packet asks for, besides user and database. */
export interface StartupSettings {
  readonly kind: 'ok';
  /** Settings by lower-case name; what the packet says itself wins over `options`. */
  readonly values: ReadonlyMap<string, string>;
  /** What goes into the startup packet of a link that is opened for this client alone. */
  readonly raw: ReadonlyMap<string, string>;
  readonly replication: boolean;
}

/** Not settings: they have a meaning of their own in a startup packet. */
const RESERVED = new Set(['user', 'database', 'replication', 'options']);

/** Kept even where `options` stands in `ignore_startup_parameters`. */
const TRACKED = new Set([
  'application_name',
  'client_encoding',
  'datestyle',
  'intervalstyle',
  'standard_conforming_strings',
  'timezone',
]);

/** @see PostgreSQL documentation, anchor protocol-message-formats (StartupMessage) */
export function startupSettings(
  parameters: ReadonlyMap<string, string>,
  settings: PoolerSettings,
  remote: Address,
): StartupSettings | { readonly kind: 'failed'; readonly error: ErrorFields } {
  const replication = replicationMode(parameters.get('replication'));
  if (replication === undefined) {
    const value = parameters.get('replication') ?? '';
    return { kind: 'failed', error: errorFields('badReplicationValue', value) };
  }
  const options = parseOptions(parameters.get('options') ?? '');
  if ('error' in options)
    return { kind: 'failed', error: errorFields('badOptions', options.error) };
  const values = new Map<string, string>();
  const onlyTracked = settings.ignoreStartupParameters.has('options');
  for (const [name, value] of options.settings) {
    const lower = name.toLowerCase();
    const tracked = TRACKED.has(lower) || settings.trackExtraParameters.has(lower);
    if (!onlyTracked || tracked) values.set(lower, value);
  }
  const raw = new Map<string, string>();
  for (const [name, value] of parameters) {
    const lower = name.toLowerCase();
    if (lower === 'user' || lower === 'database') continue;
    raw.set(name, value);
    if (!RESERVED.has(lower) && !settings.ignoreStartupParameters.has(lower))
      values.set(lower, value);
  }
  addHost(values, settings, remote);
  return { kind: 'ok', values, raw, replication };
}

function addHost(values: Map<string, string>, settings: PoolerSettings, remote: Address): void {
  if (!settings.applicationNameAddHost) return;
  const name = values.get('application_name') ?? 'app';
  const host = remote.kind === 'unix' ? 'unix' : addressText(remote);
  values.set('application_name', `${name} - ${host}`);
}

/** Whether a stream of the whole cluster is asked for: not of one database, nor nothing of the kind. */
export function isPhysicalReplication(parameters: ReadonlyMap<string, string>): boolean {
  const value = parameters.get('replication');
  return value?.toLowerCase() !== 'database' && replicationMode(value) === true;
}

/** PostgreSQL takes `database` or a boolean. @returns undefined for anything else */
function replicationMode(value: string | undefined): boolean | undefined {
  if (value === undefined || value === '') return false;
  const lower = value.toLowerCase();
  if (lower === 'database') return true;
  if (['on', 'true', 'yes', '1', 't', 'y'].includes(lower)) return true;
  if (['off', 'false', 'no', '0', 'f', 'n'].includes(lower)) return false;
  return undefined;
}
