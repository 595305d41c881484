import type { OrderNow, PageOrder } from '@pgweir/dashboard';
import type { ConsoleCommands } from '../admin/commands';
import { reasonOf } from '../system-error';
import type { DashboardNeeds } from './dashboard-needs';

/** Orders that are not carried out yet: PAUSE waits for transactions to end. */
const UNDER_WAY_MAX = 16;
/** These end what others have begun, and wait for nobody: there is always room for them. */
const UNDOING: readonly PageOrder['kind'][] = ['resume', 'enable', 'unban'];
/** The last orders that the page tells of. */
const KEPT_MAX = 50;
/** Whoever gives an order hears of its end when it comes so soon. */
const ANSWER_MS = 1_000;

interface OrderDeskNeeds extends Pick<DashboardNeeds, 'log'> {
  readonly commands: Pick<ConsoleCommands, 'order' | 'reload'>;
  readonly wallMs: () => number;
  /** An order has been carried out. */
  readonly changed: () => void;
}

/** As on the console. */
export function orderText(order: PageOrder): string {
  const word = order.kind.toUpperCase();
  if ('host' in order) return `${word} ${order.host}`;
  const database = 'database' in order ? order.database : undefined;
  return database === undefined ? word : `${word} ${database}`;
}

/** Has orders of the page carried out, with the words and the checks of the console. */
export class OrderDesk {
  readonly #needs: OrderDeskNeeds;
  /** The newest first. */
  #orders: readonly OrderNow[] = [];
  #lastId = 0;

  constructor(needs: OrderDeskNeeds) {
    this.#needs = needs;
  }

  /** The newest first. */
  get orders(): readonly OrderNow[] {
    return this.#orders;
  }

  /** @returns what became of it so far; undefined: too many are under way */
  async give(order: PageOrder, address: string): Promise<OrderNow | undefined> {
    const isUndoing = UNDOING.includes(order.kind);
    if (!isUndoing && this.#orders.filter(isUnderWay).length >= UNDER_WAY_MAX) return undefined;
    const { changed, log, wallMs } = this.#needs;
    const id = ++this.#lastId;
    const text = orderText(order);
    log.info('order from the web page', { order: text, address });
    const given = { id, text, givenAtMs: wallMs() };
    this.#put({ ...given, state: 'under way', problem: undefined });
    const ended = this.#carryOut(order).then((problem) => {
      const state = problem === undefined ? 'done' : 'refused';
      if (problem !== undefined) {
        log.warn('order from the web page was refused', { order: text, address, reason: problem });
      }
      this.#put({ ...given, state, problem });
      changed();
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ANSWER_MS);
    });
    await Promise.race([ended, late]);
    clearTimeout(timer);
    return this.#orders.find((one) => one.id === id);
  }

  async #carryOut(order: PageOrder): Promise<string | undefined> {
    const { commands } = this.#needs;
    try {
      switch (order.kind) {
        case 'reload':
          return (await commands.reload()) ? undefined : 'RELOAD failed: the log says why';
        case 'pause':
        case 'resume':
        case 'reconnect':
          return await commands.order({ kind: order.kind, database: order.database });
        case 'disable':
        case 'enable':
          return await commands.order({ kind: order.kind, database: order.database });
        case 'ban':
        case 'unban':
          return await commands.order({ kind: order.kind, host: order.host });
      }
    } catch (error) {
      return reasonOf(error);
    }
  }

  #put(order: OrderNow): void {
    const others = this.#orders.filter(({ id }) => id !== order.id);
    const all = [...others, order].sort((a, b) => b.id - a.id);
    const kept = all.filter((one, at) => at < KEPT_MAX || isUnderWay(one));
    this.#orders = kept;
  }
}

function isUnderWay({ state }: OrderNow): boolean {
  return state === 'under way';
}
