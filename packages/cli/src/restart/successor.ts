import type { BudgetFromWorker, BudgetToWorker, CancelIdentity, Wire } from '@pgweir/pooler';
import { DescriptorMeeting, passDescriptor, systemCalls } from '../system-calls';
import { errorCode } from '../system-error';
import { Channel } from '../workers/channel';
import type { ListeningSocket } from '../workers/shared-ports';
import {
  type AskedOfNew,
  type AskedOfOld,
  RESTART_VERSION,
  type ToldToNew,
  type ToldToOld,
} from './messages';
import { WireEnd } from './wire-end';

/** What a daemon has that another one can take over. */
export interface Estate {
  /** Why it can't be handed over now. */
  obstacle(): string | undefined;
  /** Its ports; the descriptors stay its own. */
  ports(): readonly ListeningSocket[];
  /**
   * Accepts nobody any more, and tells `successor` the books of the budget: from now on its own grants
   * nothing.
   */
  surrender(successor: Successor): void;
  /** The budget of the successor says something to a worker of ours. */
  budgetSays(worker: number, message: BudgetToWorker): void;
  cancel(identity: CancelIdentity): Promise<boolean>;
  /** The successor is gone, after it has taken over. */
  orphaned(): void;
}

/** Why a daemon is not handed over that has only just taken over. */
export const STILL_CLIENTS = 'the process before the running one still has clients';

/** Why a daemon that has been taken over does nothing big any more. */
export const RETIRING = 'another process has taken over';

/** How long the system is given to forget descriptors that are on their way. */
const AGAIN_MS = 50;

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

interface SuccessorNeeds {
  readonly wire: Wire;
  readonly estate: Estate;
  /** What stands in the way of taking over now. */
  readonly obstacle: () => string | undefined;
  readonly tookOver: () => void;
  readonly gone: () => void;
}

/** A new process that takes over from this one, as this one sees it. */
export class Successor {
  readonly #needs: SuccessorNeeds;
  readonly #end: WireEnd;
  readonly #channel: Channel<AskedOfNew, AskedOfOld, ToldToNew, ToldToOld>;
  #greeted = false;
  #hasTakenOver = false;
  #closing = false;
  #meeting: DescriptorMeeting | undefined;
  #passingEnd: number | undefined;
  /** Descriptors that found no room in the channel, by permit. */
  readonly #unsent = new Map<number, number>();
  /** Workers whose end is told when there are none of these left. */
  #goneLater: number[] = [];

  constructor(needs: SuccessorNeeds) {
    this.#needs = needs;
    this.#end = new WireEnd(needs.wire, () => this.#gone());
    this.#channel = new Channel<AskedOfNew, AskedOfOld, ToldToNew, ToldToOld>(this.#end, {
      answers: {
        greet: async ({ version }) => this.#greet(version),
        meet: async () => this.#meet(),
        ports: async () => this.#ports(),
        takeOver: () => this.#takeOver(),
        cancel: ({ processId, key }) =>
          needs.estate.cancel({ processId, key: Buffer.from(key, 'hex') }),
      },
      told: (told) => {
        if (!this.#hasTakenOver) this.#end.close();
        else if (told.kind === 'taken') this.#passLater();
        else needs.estate.budgetSays(told.worker, told.message);
      },
    });
  }

  #greet(version: string): AskedOfOld['greet']['answer'] {
    if (version !== RESTART_VERSION) {
      throw new Error(
        `the running process hands over by version ${RESTART_VERSION}, this one takes over by ` +
          `${version}: stop and start instead`,
      );
    }
    const obstacle = this.#needs.obstacle();
    if (obstacle !== undefined) throw new Error(obstacle);
    this.#greeted = true;
    return { pid: process.pid };
  }

  #meet(): AskedOfOld['meet']['answer'] {
    if (!this.#greeted) throw new Error('not greeted');
    this.#meeting = new DescriptorMeeting();
    return { name: this.#meeting.name };
  }

  #ports(): AskedOfOld['ports']['answer'] {
    this.#passingEnd = this.#meeting?.accept(isOwnUser);
    this.#meeting?.close();
    this.#meeting = undefined;
    const end = this.#passingEnd;
    if (end === undefined) throw new Error('no channel for descriptors');
    const ports = this.#needs.estate.ports();
    for (const [at, { descriptor }] of ports.entries()) passDescriptor(end, descriptor, at);
    return ports.map(({ address, given }) => ({ address, given }));
  }

  async #takeOver(): Promise<AskedOfOld['takeOver']['answer']> {
    // Whoever has asked may be gone by now, which is heard in the next turn.
    await turn();
    await turn();
    if (this.#passingEnd === undefined || this.#hasTakenOver) throw new Error('not met');
    const obstacle = this.#needs.estate.obstacle();
    if (obstacle !== undefined) throw new Error(obstacle);
    this.#hasTakenOver = true;
    this.#needs.tookOver();
    this.#needs.estate.surrender(this);
    return {};
  }

  worker(worker: number): void {
    this.#channel.tell({ kind: 'worker', worker });
  }

  /** Not before all has been passed that it may have left behind. */
  workerGone(worker: number): void {
    if (this.#unsent.size > 0) this.#goneLater.push(worker);
    else this.#channel.tell({ kind: 'worker-gone', worker });
  }

  budgetHears(worker: number, message: BudgetFromWorker): void {
    // Its descriptor may be another's by now.
    if (message.kind === 'budget-release' && this.#unsent.delete(message.permit)) this.#passLater();
    this.#channel.tell({ kind: 'budget', worker, message });
  }

  /**
   * Passes a duplicate of a link's descriptor, so that the end of the link can be seen when this process
   * is gone; now, or as soon as there is room. @returns false when that is not possible
   */
  passLink(permit: number, descriptor: number | undefined): boolean {
    if (descriptor === undefined) return false;
    this.#unsent.set(permit, descriptor);
    if (this.#unsent.size === 1) this.#passLater();
    return true;
  }

  #passLater(): void {
    const end = this.#passingEnd;
    if (end === undefined) return;
    let passed = false;
    for (const [permit, descriptor] of this.#unsent) {
      try {
        passDescriptor(end, descriptor, permit);
      } catch (error) {
        const code = errorCode(error);
        // The other side makes room, and says so.
        if (code === 'EAGAIN') break;
        if (code === 'ETOOMANYREFS') {
          setTimeout(() => this.#passLater(), AGAIN_MS);
          break;
        }
        // The link is gone, and its end is about to be told.
        if (code !== 'EBADF') return this.#end.close();
      }
      this.#unsent.delete(permit);
      passed = true;
    }
    if (passed) this.#channel.tell({ kind: 'passed' });
    if (this.#unsent.size > 0) return;
    for (const worker of this.#goneLater.splice(0)) this.workerGone(worker);
  }

  #gone(): void {
    this.#channel.closed();
    this.#meeting?.close();
    this.#meeting = undefined;
    if (this.#passingEnd !== undefined) systemCalls().close(this.#passingEnd);
    this.#passingEnd = undefined;
    this.#unsent.clear();
    this.#needs.gone();
    if (this.#hasTakenOver && !this.#closing) this.#needs.estate.orphaned();
  }

  /** Lets go of it, so that this process may end. */
  close(): void {
    this.#closing = true;
    this.#end.close();
  }
}

/** Whether `user` may have everything that this process has. */
export function isOwnUser(user: number): boolean {
  return user === process.geteuid?.() || user === 0;
}
