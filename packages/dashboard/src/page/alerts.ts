import type { Now } from '../api';
import { duration, some } from './format';

export interface Alert {
  readonly level: 'bad' | 'warning';
  readonly text: string;
}

const LONG_WAIT_MS = 5_000;
const RECENT_FAILOVER_MS = 15 * 60_000;

/** What is not as it should be, the worst first. */
export function alertsOf(now: Now): readonly Alert[] {
  const alerts = [
    ...held(now),
    ...servers(now),
    ...waiting(now),
    ...capped(now),
    ...workers(now),
    ...secrets(now),
  ];
  return [
    ...alerts.filter(({ level }) => level === 'bad'),
    ...alerts.filter(({ level }) => level === 'warning'),
  ];
}

const bad = (text: string): Alert => ({ level: 'bad', text });
const warning = (text: string): Alert => ({ level: 'warning', text });

function held({ holds, state }: Now): readonly Alert[] {
  const { paused, suspended, pausedDatabases, disabledDatabases } = holds;
  return [
    ...(state === 'serving' ? [] : [bad(`The daemon is not serving: ${state}.`)]),
    ...(paused ? [bad('Everything is paused until RESUME.')] : []),
    ...(suspended ? [bad('Everything is suspended.')] : []),
    ...pausedDatabases.map((name) => bad(`${name} is paused until RESUME.`)),
    ...disabledDatabases.map((name) => warning(`${name} is disabled: no new clients are let in.`)),
  ];
}

function servers({ clusters, failovers, atMs }: Now): readonly Alert[] {
  const recent = failovers.filter(
    ({ outcome, beganAtMs }) => outcome !== 'holding' && atMs - beganAtMs < RECENT_FAILOVER_MS,
  );
  return [
    ...clusters.flatMap(({ alarms, databases, failover, servers: all }) => {
      const names = databases.join(', ');
      return [
        ...(failover === 'steady' ? [] : [bad(`${names}: failover, ${failover}. Work waits.`)]),
        ...alarms.map((text) => warning(`${names}: ${text}`)),
        ...all
          .filter(({ health }) => health === 'down')
          .map(({ host, port }) => bad(`${names}: ${host}:${port} is down.`)),
        ...all
          .filter(({ isBanned }) => isBanned)
          .map(({ host, port }) => warning(`${names}: ${host}:${port} is banned.`)),
      ];
    }),
    ...recent.map(({ databases, beganAtMs, outcome, failed }) => {
      const ago = duration(atMs - beganAtMs);
      const lost = failed === 0 ? 'no session failed' : `${some(failed, 'session')} failed`;
      return warning(`${databases.join(', ')}: failover ${ago} ago, ${outcome}; ${lost}.`);
    }),
  ];
}

function waiting({ pools }: Now): readonly Alert[] {
  const long = pools.filter(({ waitMaxMs }) => waitMaxMs >= LONG_WAIT_MS);
  const [worst] = [...long].sort((a, b) => b.waitMaxMs - a.waitMaxMs);
  if (worst === undefined) return [];
  const { database, user, waitMaxMs, waiting: clients } = worst;
  const others = long.length > 1 ? ` So it is in ${some(long.length - 1, 'other pool')}.` : '';
  return [
    bad(
      `${database} / ${user}: the oldest of ${some(clients, 'waiter')} has waited for ${duration(waitMaxMs)}.${others}`,
    ),
  ];
}

function capped({ serverCaps }: Now): readonly Alert[] {
  return serverCaps
    .filter(({ links, linksMax }) => linksMax > 0 && links >= linksMax)
    .map(({ server, links }) =>
      warning(`${server} has all the ${some(links, 'link')} that it may have.`),
    );
}

function workers({ workers: all }: Now): readonly Alert[] {
  return all
    .filter(({ state }) => state === 'not answering')
    .map(({ slot, pid }) => bad(`Worker ${slot} (process ${pid}) does not answer.`));
}

function secrets({ secrets: all }: Now): readonly Alert[] {
  return all.flatMap(({ place, fault }) =>
    fault === undefined ? [] : [warning(`Secret ${place} cannot be read: ${fault}`)],
  );
}
