import { type RunningEtcd, startEtcd } from '../etcd/etcd';
import { freePort } from '../process/free-port';
import { makeScratch, type Scratch } from '../process/scratch';
import { serverUser } from '../process/system-user';
import { waitFor } from '../wait-for';
import { memberConfig } from './config';
import { findPatroni } from './installed';
import { PatroniMember } from './member';

export interface PatroniOptions {
  /** Default 3. */
  readonly members?: number;
}

/** Somebody may take a port between our asking for one and Patroni's using it. */
const ATTEMPTS = 3;
const START_DEADLINE_MS = 40_000;
const HEALTHY_DEADLINE_MS = 60_000;
/** Patroni itself waits up to 20 s for what comes of a switchover. */
const ANSWER_DEADLINE_MS = 30_000;

/** What `GET /cluster` says of a member. */
export interface MemberView {
  readonly name: string;
  readonly role: string;
  readonly state: string;
}

/** When a switchover is to be, and between whom. */
export interface SwitchoverOrder {
  readonly from: PatroniMember;
  readonly to: PatroniMember;
  /** undefined: now, and the answer comes when it is over. */
  readonly at?: Date;
}

/**
 * Starts etcd and the members of a cluster that Patroni manages, with synchronous replication, and waits
 * until all are in it. Takes some 10 s. Everything ends with the process that called.
 *
 * @throws Error when something is not installed (`findPatroni`), or does not start; nothing is left
 */
export async function startPatroni(options: PatroniOptions = {}): Promise<PatroniCluster> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptToStart(options.members ?? 3);
    } catch (error) {
      const isPort = error instanceof Error && error.message.includes('Address already in use');
      if (!isPort || attempt === ATTEMPTS) throw error;
    }
  }
}

async function attemptToStart(count: number): Promise<PatroniCluster> {
  const programs = findPatroni();
  if (typeof programs === 'string') throw new Error(programs);
  const etcd = await startEtcd();
  const scratch = makeScratch();
  const members: PatroniMember[] = [];
  const cluster = new PatroniCluster(members, etcd, scratch);
  try {
    const [dir, user] = [scratch.dir, serverUser()];
    for (let number = 1; number <= count; number++) {
      const [port, restPort] = [await freePort(), await freePort()];
      const member = new PatroniMember({ name: `member_${number}`, dir, user, port, restPort });
      member.configure(memberConfig(member, { etcd: etcd.address, binDir: programs.binDir }));
      members.push(member);
      member.start();
    }
    await cluster.untilHealthy(START_DEADLINE_MS);
    return cluster;
  } catch (error) {
    const logs = await Promise.all(members.map((member) => member.log()));
    await cluster.stop();
    throw new Error(logs.map((log) => log.split('\n').slice(-15).join('\n')).join('\n\n'), {
      cause: error,
    });
  }
}

/** A cluster that Patroni manages, and its etcd. */
export class PatroniCluster {
  readonly members: readonly PatroniMember[];
  readonly etcd: RunningEtcd;
  readonly #scratch: Scratch;

  /** Use `startPatroni`. */
  constructor(members: readonly PatroniMember[], etcd: RunningEtcd, scratch: Scratch) {
    this.members = members;
    this.etcd = etcd;
    this.#scratch = scratch;
  }

  /** Who leads, as the members that can be asked say. @throws Error when nobody does */
  async leader(): Promise<PatroniMember> {
    return await this.#withRole('leader');
  }

  /** Who may take over without loss. @throws Error when nobody may */
  async successor(): Promise<PatroniMember> {
    return await this.#withRole('sync_standby');
  }

  /** What `GET /cluster` says. @throws Error when nobody answers */
  async view(): Promise<readonly MemberView[]> {
    const answer = await this.#ask('GET', '/cluster');
    const { members }: { readonly members: MemberView[] } = JSON.parse(answer.body);
    return members;
  }

  /** Waits until all members that run are in the cluster, and one of them is synchronous. */
  async untilHealthy(deadlineMs = HEALTHY_DEADLINE_MS): Promise<void> {
    const wanted = this.members.filter(({ answers }) => answers).length;
    const hasOneEnded = (): boolean =>
      this.members.filter(({ answers }) => answers).length < wanted;
    const isHealthy = async (): Promise<boolean> => {
      if (hasOneEnded()) return true;
      const well = (await this.view()).filter(isWell);
      return well.length >= wanted && well.some(({ role }) => role === 'sync_standby');
    };
    await waitFor(isHealthy, { what: 'a healthy cluster', deadlineMs, everyMs: 100 });
    if (hasOneEnded()) throw new Error('a Patroni has ended');
  }

  /** What Patroni answers when it is told to hand over. */
  async switchOver({ from, to, at }: SwitchoverOrder): Promise<{ status: number; body: string }> {
    return await this.#ask('POST', '/switchover', {
      ...{ leader: from.name, candidate: to.name },
      ...(at === undefined ? {} : { scheduled_at: at.toISOString() }),
    });
  }

  /** Takes a scheduled switchover back. */
  async callOffSwitchover(): Promise<{ status: number; body: string }> {
    return await this.#ask('DELETE', '/switchover');
  }

  /** Ends everything at once and removes it. Can be called twice. */
  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    await this.etcd.stop();
    this.#scratch.remove();
  }

  async #withRole(role: string): Promise<PatroniMember> {
    const view = await this.view();
    const name = view.find((each) => each.role === role && isWell(each))?.name;
    const member = this.members.find((each) => each.name === name);
    if (member === undefined) throw new Error(`no ${role} among ${JSON.stringify(view)}`);
    return member;
  }

  /** Of the first that answers. */
  async #ask(
    method: string,
    path: string,
    json?: unknown,
  ): Promise<{ status: number; body: string }> {
    let cause: unknown;
    for (const { answers, url } of this.members) {
      if (!answers) continue;
      try {
        const body = json === undefined ? {} : { body: JSON.stringify(json) };
        const signal = AbortSignal.timeout(ANSWER_DEADLINE_MS);
        const answer = await fetch(`${url}${path}`, { method, signal, ...body });
        return { status: answer.status, body: await answer.text() };
      } catch (error) {
        cause = error;
      }
    }
    throw new Error(`no Patroni answers ${method} ${path}`, { cause });
  }
}

/** Replicas are `streaming` for newer Patronis. */
function isWell({ state }: MemberView): boolean {
  return state === 'running' || state === 'streaming';
}
