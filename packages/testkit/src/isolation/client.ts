import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../random';
import { startupPacket } from '../wire/login';
import { Asker, type AskerTarget, connectTo, Violation } from './asker';
import { canceling, cancelingNothing, EXITS } from './churn';
import type { Ledger } from './ledger';
import {
  copyIn,
  copyOut,
  extended,
  failing,
  large,
  manyRows,
  medium,
  pipeline,
  readingTransaction,
  simple,
  timingOut,
  whoAmI,
  writingTransaction,
} from './questions';

type Act = (asker: Asker) => Promise<unknown>;

/** How often, of all. */
const ACTS: readonly (readonly [weight: number, act: Act])[] = [
  [300, (asker) => simple(asker)],
  [300, (asker) => extended(asker)],
  [100, pipeline],
  [80, readingTransaction],
  [30, writingTransaction],
  [20, medium],
  [3, large],
  [20, manyRows],
  [30, failing],
  [15, copyOut],
  [10, copyIn],
  [30, whoAmI],
  [5, canceling],
  [3, cancelingNothing],
  [4, timingOut],
  [10, idling],
];
const WEIGHTS = ACTS.reduce((sum, [weight]) => sum + weight, 0);
const EXIT_CHANCE = 0.01;
const LEAVE_CHANCE = 0.01;
const IDLE_MS_MAX = 20;
/** One in so many clients has a name of its own, which its links have to be given. */
const NAMED_CLIENTS = 4;

export interface ClientOptions {
  readonly id: number;
  readonly seed: number;
  readonly target: AskerTarget;
  readonly ledger: Ledger;
  /** Asked before each act. */
  readonly goesOn: () => boolean;
}

/** Connects, asks, leaves or vanishes, and again, until told to stop. Violations go to the ledger. */
export async function runClient(options: ClientOptions): Promise<void> {
  const { id, seed, target, ledger, goesOn } = options;
  const random = new Random(seed * 100_003 + id);
  for (let lives = 1; goesOn(); lives++) {
    let asker: Asker | undefined;
    try {
      if (random.chance(0.02)) await abandonedLogin(target, random);
      const name = `client${id}.${lives}`;
      asker = await Asker.connect(target, {
        name,
        random,
        ledger,
        ...(id % NAMED_CLIENTS === 0 ? { applicationName: name } : {}),
      });
      await live(asker, goesOn);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      ledger.violated(error instanceof Violation ? why : `client${id}.${lives}: ${why}`);
    } finally {
      asker?.vanish();
    }
  }
}

/** Until it leaves. */
async function live(asker: Asker, goesOn: () => boolean): Promise<void> {
  const { random } = asker;
  while (goesOn()) {
    if (random.chance(EXIT_CHANCE)) {
      asker.ledger.counts.aborted += 1;
      await random.pick(EXITS)(asker);
      return;
    }
    if (random.chance(LEAVE_CHANCE)) break;
    await pickAct(random)(asker);
  }
  await asker.leave();
}

function pickAct(random: Random): Act {
  let at = random.next() * WEIGHTS;
  for (const [weight, act] of ACTS) {
    at -= weight;
    if (at < 0) return act;
  }
  return simple;
}

async function idling(asker: Asker): Promise<void> {
  await delay(asker.random.between(0, IDLE_MS_MAX));
  asker.nothingCame();
}

/** Goes away before, during or right after the login. */
async function abandonedLogin(target: AskerTarget, random: Random): Promise<void> {
  const client = await connectTo(target);
  const { user, database } = target;
  const packet = startupPacket({ user, database });
  client.send(packet.subarray(0, random.between(0, packet.length)));
  if (random.chance(0.5)) await delay(random.between(0, 3));
  client.destroy(random.chance(0.5) ? 'reset' : 'close');
}
