import { COMMANDS } from '../command-help';
import type { Column } from '../table';
import { DAEMON } from './daemon';
import type { ShowItem, ShowItems } from './item';
import { OWN } from './own';
import { POOLS } from './pools';
import { SECRETS } from './secrets';
import { SERVERS } from './servers';
import { SOCKETS } from './sockets';
import { STATS } from './stats';

/** Every item of SHOW but HELP. */
export const ITEMS: ShowItems = {
  ...DAEMON,
  ...POOLS,
  ...SOCKETS,
  ...STATS,
  ...OWN,
  ...SERVERS,
  ...SECRETS,
};

/** What drivers ask for as if it were a setting of PostgreSQL. */
const SETTINGS: Readonly<Record<string, string>> = {
  client_encoding: 'UTF-8',
  default_transaction_isolation: 'read committed',
  standard_conforming_strings: 'on',
  datestyle: 'ISO',
  timezone: 'GMT',
};

/** An item of SHOW, or a setting that has always the same value. */
export function showItem(name: string): ShowItem | undefined {
  const value = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
  if (value !== undefined) {
    const columns: readonly Column[] = [[name, 'text']];
    return { help: 'A setting that drivers ask for.', columns, rows: () => [[value]] };
  }
  return Object.hasOwn(ITEMS, name) ? ITEMS[name] : undefined;
}

/** Whether a SET of it is heard and has no effect. */
export function isFixedSetting(name: string): boolean {
  return Object.hasOwn(SETTINGS, name);
}

/** What PgBouncer has not. */
export const OUR_ITEMS: ShowItems = { ...OWN, ...SERVERS, ...SECRETS };

/** The DETAIL of SHOW HELP: PgBouncer's words, and what is our own behind them. */
export const HELP = `
\tSHOW HELP|CONFIG|DATABASES|POOLS|CLIENTS|SERVERS|USERS|VERSION
\tSHOW PEERS|PEER_POOLS
\tSHOW FDS|SOCKETS|ACTIVE_SOCKETS|LISTS|MEM|STATE
\tSHOW DNS_HOSTS|DNS_ZONES
\tSHOW STATS|STATS_TOTALS|STATS_AVERAGES|TOTALS
\tSHOW ${Object.keys(OUR_ITEMS)
  .map((name) => name.toUpperCase())
  .join('|')}
${COMMANDS.flatMap(({ usage }) => usage)
  .map((line) => `\t${line}`)
  .join('\n')}`;
