import { preparation, transaction } from '../load/own-messages';
import type { QueryMode } from '../load/scripts';
import { Fleet, type Way } from './fleet';
import { routingLines } from './routing';

const CLIENTS = 32;
const TURNS = 300;
const WARM_UP = 50;
/** Rounds in turns; one way alone has more, for a profile of it. */
const ROUNDS = 15;
const ROUNDS_ALONE = 150;

/** The ways in which a session is served. */
const WAYS: Readonly<Record<string, Way>> = {
  track: {},
  traced: { lines: ['trace_endpoint = http://127.0.0.1:4318/v1/traces'] },
  counted: { lines: ['statement_stats = on'] },
  leak: { lines: ['session_state = leak'] },
  unwatched: { lines: ['session_state = leak', 'max_prepared_statements = 0'] },
  roles: { entry: 'host=db,db port=1,2 target_session_attrs=primary' },
  split: { entry: 'host=db,db port=1,2 read_write_split=on' },
};
const MODES: readonly QueryMode[] = ['simple', 'extended', 'prepared'];

/**
 * Prints what our own code takes for a transaction in nanoseconds, with sockets that cost nothing:
 * `node bench/dist/own-code/main.js [MODE [WAY]]`, or with `bun`; and what a route takes for a text.
 * Of all rounds the fastest counts, for whoever else uses the machine makes the others slower.
 */
async function main(): Promise<void> {
  const [onlyMode, onlyWay] = process.argv.slice(2);
  const rounds = onlyWay === undefined ? ROUNDS : ROUNDS_ALONE;
  for (const mode of MODES.filter((each) => onlyMode === undefined || each === onlyMode)) {
    const ways = Object.entries(WAYS).filter(([way]) => {
      if (onlyWay !== undefined) return way === onlyWay;
      // Nobody gives statements to other links there.
      return mode !== 'prepared' || way !== 'unwatched';
    });
    const runs = await Promise.all(
      ways.map(async ([way, settings]) => ({
        way,
        ns: [] as number[],
        run: await prepare(mode, settings),
      })),
    );
    for (const { run } of runs) run();
    for (let round = 0; round < rounds; round++) for (const { run, ns } of runs) ns.push(run());
    const cells = runs.map(
      ({ way, ns }) =>
        `${way} ${Math.min(...ns)
          .toFixed(0)
          .padStart(5)}`,
    );
    process.stdout.write(`${mode.padEnd(9)} ${cells.join('   ')}   ns\n`);
  }
  if (onlyMode !== undefined) return;
  for (const line of await routingLines()) process.stdout.write(`${line}\n`);
}

/** @returns a function that runs many transactions and tells how long one took */
async function prepare(mode: QueryMode, settings: Way): Promise<() => number> {
  const fleet = await Fleet.start(settings, CLIENTS);
  const first = preparation(mode);
  if (first !== undefined) await fleet.ask(first);
  const messages = Array.from({ length: TURNS }, () => Buffer.concat(transaction('select', mode)));
  // The first ones go to the primary, because the catalog has not been asked yet.
  for (const each of messages.slice(0, WARM_UP)) await fleet.ask(each);
  return () => {
    const before = performance.now();
    for (const each of messages) fleet.turn(each);
    return ((performance.now() - before) * 1e6) / (TURNS * CLIENTS);
  };
}

void main();
