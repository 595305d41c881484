import type { Clock } from '@pgweir/pooler';
import type { Lsn, ServerAddress } from '../observation';
import type { Demoter } from '../ports/demoter';
import type { LogEnd, SwitchoverServer } from '../ports/switchover-server';
import { serverKey } from '../server-key';
import type { Servers } from './after-demotion';
import { hasReached, later } from './log-positions';
import { asked, type Polling } from './polling';
import type { SwitchoverLimits } from './switchover';

/** What the steps before the demotion have to do with. All of them end with the reason not to go on. */
interface Tools {
  readonly clock: Clock;
  readonly polling: Polling;
  readonly demoter: Demoter;
  readonly limits: SwitchoverLimits;
  readonly cluster: { readonly primary: ServerAddress; readonly target: ServerAddress };
  readonly countLeases: () => Promise<number>;
  /** What ends the switchover, whatever is waited for. */
  readonly problem: () => string | undefined;
}

/** For one answer of a server, or of the workers. */
const ANSWER_MS = 2_000;
/** Between two looks at what a primary writes while it is being demoted. */
const FOLLOW_MS = 20;

/** How far the primary's log was when it could last be asked. */
export class LastPosition {
  position: Lsn = 0n;

  saw(position: Lsn): void {
    this.position = later(this.position, position);
  }

  /** Looks until it is stopped, or the primary does not answer any more. */
  follow(primary: SwitchoverServer, polling: Polling): { stop(): void; ended: Promise<unknown> } {
    let isOver = false;
    const look = async (): Promise<true | undefined> => {
      if (isOver) return true;
      const end = await asked(primary.logEnd(ANSWER_MS));
      if (end.kind === 'failed' || end.value.inRecovery) return true;
      this.saw(end.value.written);
      return undefined;
    };
    const ended = polling.every(FOLLOW_MS).until(Number.POSITIVE_INFINITY, look);
    return {
      stop: () => {
        isOver = true;
      },
      ended,
    };
  }
}

/** Before anything is held: may the target be promoted, and is it near enough? */
export async function canBegin(
  servers: Servers,
  tools: Tools,
  deadlineMs: number,
): Promise<string | undefined> {
  if (!tools.demoter.promotes) {
    const problem = await mayPromote(servers.target, tools);
    if (problem !== undefined) return problem;
  }
  return await caughtUp(servers, tools, { deadlineMs, last: new LastPosition() });
}

async function mayPromote(target: SwitchoverServer, { cluster }: Tools) {
  const answer = await asked(target.mayPromote(ANSWER_MS));
  const name = serverKey(cluster.target);
  if (answer.kind === 'failed') return `${name} cannot be asked: ${answer.reason}`;
  if (answer.value) return undefined;
  return (
    `whoever asks servers (health_check_user) may not promote ${name}: ` +
    'GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer)'
  );
}

/** Waits until no link to the primary is lent to a client. */
export async function drained(tools: Tools, deadlineMs: number): Promise<string | undefined> {
  const { limits, polling, problem } = tools;
  let missing = '';
  const end = await polling.until(deadlineMs, async () => {
    const count = await asked(tools.countLeases());
    const obstacle = problem();
    if (obstacle !== undefined) return { obstacle };
    if (count.kind === 'said' && count.value === 0) return { obstacle: undefined };
    missing =
      count.kind === 'said'
        ? `clients still had ${count.value} of its connections in use (SHOW CLIENTS, SHOW PINS)`
        : count.reason;
    return undefined;
  });
  return end === undefined ? `${missing} ${after(limits)}` : end.obstacle;
}

/** Waits until the target has replayed what the primary has written so far. */
export async function caughtUp(
  servers: Servers,
  tools: Tools,
  { deadlineMs, last }: { readonly deadlineMs: number; readonly last: LastPosition },
): Promise<string | undefined> {
  const { cluster, limits, polling, problem } = tools;
  const [primary, target] = [serverKey(cluster.primary), serverKey(cluster.target)];
  const begun = await asked(servers.primary.logEnd(ANSWER_MS));
  if (begun.kind === 'failed') return problem() ?? `${primary} cannot be asked: ${begun.reason}`;
  if (begun.value.inRecovery) return `${primary} is a replica now`;
  const { reached: wanted, written } = begun.value;
  last.saw(written);
  let missing = '';
  const end = await polling.until(deadlineMs, async () => {
    const seen = await asked(servers.target.logEnd(ANSWER_MS));
    const obstacle = problem();
    if (obstacle !== undefined) return { obstacle };
    if (seen.kind === 'failed') missing = `${target} cannot be asked: ${seen.reason}`;
    else if (!seen.value.inRecovery) return { obstacle: `${target} is a primary` };
    else if (isReady(seen.value, wanted)) return { obstacle: undefined };
    else missing = `${target} ${whyNotReady(seen.value, wanted)}`;
    return undefined;
  });
  return end === undefined ? `${missing} ${after(limits)}` : end.obstacle;
}

/** One that does not receive now would not get what the primary writes when it ends. */
function isReady({ reached, receives }: LogEnd, position: Lsn): boolean {
  return receives && hasReached(reached, position);
}

function whyNotReady({ reached, receives }: LogEnd, position: Lsn): string {
  if (!receives) return 'was not connected to a server that it replicates';
  return `was ${position - reached} bytes behind`;
}

function after({ beforeDemotionMs }: SwitchoverLimits): string {
  return `after ${beforeDemotionMs / 1000} s (switchover_timeout)`;
}
