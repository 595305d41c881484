import { bind, copyData, copyDone, execute, parse, query, run, sync } from '../../wire/frontend';
import {
  EVERY_MODE,
  type Pace,
  ready,
  type Script,
  sendCut,
  startup,
  WITH_TRANSACTIONS,
} from '../script';

/** The same bytes in other pieces: where a chunk ends must not matter. */
export function chunkingScripts(): readonly Script[] {
  const conversation = [
    query('SELECT 1'),
    run('SELECT $1::text', ['value']),
    sync(),
    query('BEGIN'),
    query("SELECT 'inside'"),
    parse('SELECT i FROM generate_series(1, 5) i', 'named'),
    bind({ statement: 'named', portal: 'p' }),
    execute(2, 'p'),
    sync(),
    query('ROLLBACK'),
    query('SELECT 1/0'),
    query('COPY differential.copied FROM STDIN'),
    copyData('1\tone\n'),
    copyData('2\ttwo\n'),
    copyDone(),
    query('COPY differential.copied TO STDOUT'),
    query('DEALLOCATE ALL'),
  ];
  const replies = 10;
  const paced = (name: string, pace: Pace): Script => ({
    name: `chunks: ${name}`,
    modes: WITH_TRANSACTIONS,
    writes: true,
    steps: [sendCut(pace, ...conversation), ready(replies)],
  });
  return [
    paced('a conversation in one write', 'whole'),
    paced('byte by byte', 'bytes'),
    ...[1, 2, 3, 4, 5].map((seed) => paced(`up to 12 bytes, seed ${seed}`, { seed, bytesMax: 12 })),
    ...[6, 7, 8].map((seed) => paced(`up to 80 bytes, seed ${seed}`, { seed, bytesMax: 80 })),
    {
      name: 'chunks: login byte by byte',
      modes: EVERY_MODE,
      login: 'none',
      steps: [
        startup({}, 'bytes'),
        ready(),
        sendCut('bytes', query('SELECT 1'), run('SELECT 2'), sync()),
        ready(2),
      ],
    },
    {
      name: 'chunks: login and first query in one write',
      modes: EVERY_MODE,
      login: 'none',
      steps: [startup(), sendCut('whole', query('SELECT 1')), ready(2)],
    },
    {
      name: 'chunks: a 1 MB parameter in pieces of any length',
      modes: EVERY_MODE,
      steps: [
        sendCut({ seed: 9, bytesMax: 20_000 }, run('SELECT $1', ['x'.repeat(1_048_576)]), sync()),
        ready(),
      ],
    },
  ];
}
