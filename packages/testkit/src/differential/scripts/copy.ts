import {
  bind,
  copyData,
  copyDone,
  copyFail,
  execute,
  flush,
  parse,
  query,
  run,
  sync,
} from '../../wire/frontend';
import {
  ask,
  EVERY_MODE,
  ready,
  type Script,
  send,
  sendCut,
  until,
  WITH_TRANSACTIONS,
} from '../script';

const COPY_IN = 'COPY differential.copied FROM STDIN';
const COUNT = query(
  'SELECT count(*), min(id), max(id), sum(length(name)) FROM differential.copied',
);

/** COPY as it should be used: in, out, refused, failed, by both protocols, of any size. */
export function copyScripts(): readonly Script[] {
  return [...simple(), ...extended(), ...inBulk(), ...out()];
}

function simple(): readonly Script[] {
  const one = (name: string, steps: Script['steps']): Script => ({
    name: `copy in: ${name}`,
    modes: EVERY_MODE,
    writes: true,
    steps: [...steps, ask(COUNT)],
  });
  return [
    one('three rows', [
      send(query(COPY_IN)),
      until('G'),
      send(copyData('1\tone\n2\ttwo\n'), copyData('3\t\\N\n'), copyDone()),
      ready(),
    ]),
    one('no rows', [send(query(COPY_IN)), until('G'), send(copyDone()), ready()]),
    one('empty CopyData messages', [
      send(query(COPY_IN)),
      until('G'),
      send(copyData(''), copyData('1\tone\n'), copyData(''), copyDone()),
      ready(),
    ]),
    one('a row cut at every byte', [
      send(query(COPY_IN)),
      until('G'),
      send(...[...'1\tone\n22\ttwo\n'].map((letter) => copyData(letter)), copyDone()),
      ready(),
    ]),
    one('CopyFail', [
      send(query(COPY_IN)),
      until('G'),
      send(copyData('1\tone\n'), copyFail('changed my mind')),
      ready(),
    ]),
    one('bad data, noticed at the end', [
      send(query(COPY_IN)),
      until('G'),
      send(copyData('1\tone\n'), copyData('x\ttwo\n'), copyDone()),
      ready(),
    ]),
    one('bad data, the client goes on sending', [
      send(query(COPY_IN)),
      until('G'),
      send(copyData('x\tone\n'), copyData('1\tone\n')),
      until('E'),
      send(copyData('2\ttwo\n'), copyData('3\tthree\n'), copyDone()),
      ready(),
    ]),
    one('bad data, then CopyFail, which is too late', [
      send(query(COPY_IN)),
      until('G'),
      send(copyData('x\tone\n'), copyData('y\n')),
      until('E'),
      send(copyFail('too late')),
      ready(),
    ]),
    one('data before CopyInResponse', [
      send(query(COPY_IN), copyData('1\tone\n'), copyData('2\ttwo\n'), copyDone()),
      ready(),
    ]),
    one('data before CopyInResponse, and the next query', [
      send(query(COPY_IN), copyData('1\tone\n'), copyDone(), query('SELECT 1')),
      ready(2),
    ]),
    one('data before the error, no such table', [
      send(query('COPY nowhere FROM STDIN'), copyData('1\tone\n'), copyDone()),
      ready(),
    ]),
    one('between other statements of one query', [
      send(query(`SELECT 1; ${COPY_IN}; SELECT 2`)),
      until('G'),
      send(copyData('1\tone\n'), copyDone()),
      ready(),
    ]),
    one('twice in one query', [
      send(query(`${COPY_IN}; ${COPY_IN}`)),
      until('G'),
      send(copyData('1\tone\n'), copyDone()),
      until('G'),
      send(copyData('2\ttwo\n'), copyDone()),
      ready(),
    ]),
    one('CSV with a header', [
      send(query(`${COPY_IN} (FORMAT csv, HEADER)`)),
      until('G'),
      send(copyData('id,name\n1,"a, b"\n'), copyDone()),
      ready(),
    ]),
    {
      name: 'copy in: inside a transaction that is rolled back',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query('BEGIN')),
        send(query(COPY_IN)),
        until('G'),
        send(copyData('1\tone\n'), copyDone()),
        ready(),
        ask(COUNT),
        ask(query('ROLLBACK')),
        ask(COUNT),
      ],
    },
    {
      name: 'copy in: fails inside a transaction',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query('BEGIN')),
        send(query(COPY_IN)),
        until('G'),
        send(copyFail('no')),
        ready(),
        ask(query(COPY_IN)),
        ask(query('ROLLBACK')),
      ],
    },
  ];
}

function extended(): readonly Script[] {
  const start = Buffer.concat([parse(COPY_IN), bind(), execute()]);
  const one = (name: string, steps: Script['steps']): Script => ({
    name: `copy in, extended: ${name}`,
    modes: EVERY_MODE,
    writes: true,
    steps: [...steps, ask(COUNT)],
  });
  return [
    one('data after Flush, then Sync', [
      send(start, flush()),
      until('G'),
      send(copyData('1\tone\n'), copyDone(), sync()),
      ready(),
    ]),
    one('Sync before the data is swallowed by COPY', [
      send(start, sync()),
      until('G'),
      send(copyData('1\tone\n'), copyDone(), flush()),
      until('C'),
      send(sync()),
      ready(),
    ]),
    one('Sync before and behind the data, sent at once', [
      send(start, sync()),
      until('G'),
      send(copyData('1\tone\n'), copyDone(), sync()),
      ready(),
    ]),
    one('Flush and Sync between the data are ignored', [
      send(start, flush()),
      until('G'),
      send(copyData('1\tone\n'), sync(), flush(), copyData('2\ttwo\n'), sync(), copyDone(), sync()),
      ready(),
    ]),
    one('everything in one write', [
      send(start, copyData('1\tone\n'), copyData('2\ttwo\n'), copyDone(), sync()),
      ready(),
    ]),
    one('everything in one write, with the next request', [
      send(start, copyData('1\tone\n'), copyDone(), sync(), run('SELECT 1'), sync()),
      ready(2),
    ]),
    one('CopyFail, then Sync', [
      send(start, flush()),
      until('G'),
      send(copyData('1\tone\n'), copyFail('no'), sync()),
      ready(),
    ]),
    one('bad data, everything is skipped until Sync', [
      send(start, flush()),
      until('G'),
      send(copyData('x\tone\n'), copyData('1\tone\n')),
      until('E'),
      send(copyData('2\ttwo\n'), copyDone(), run('SELECT 1'), sync()),
      ready(),
    ]),
    one('no such table, the data is skipped', [
      send(parse('COPY nowhere FROM STDIN'), bind(), execute()),
      send(copyData('1\tone\n'), copyDone(), sync()),
      ready(),
    ]),
  ];
}

function inBulk(): readonly Script[] {
  const rows = (count: number): string =>
    Array.from({ length: count }, (_, i) => `${i}\t${`row ${i} `.repeat(8)}\n`).join('');
  const pieces = (text: string, bytes: number): Buffer[] => {
    const all: Buffer[] = [];
    for (let at = 0; at < text.length; at += bytes) all.push(copyData(text.slice(at, at + bytes)));
    return all;
  };
  const one = (name: string, modes: Script['modes'], make: () => Script['steps']): Script => ({
    name: `copy in, large: ${name}`,
    modes,
    large: true,
    writes: true,
    steps: [send(query(COPY_IN)), until('G'), ...make(), ready(), ask(COUNT)],
  });
  return [
    one('6 MB in messages of 64 kB', EVERY_MODE, () => [
      send(...pieces(rows(70_000), 65_536), copyDone()),
    ]),
    one('4 MB in one message', EVERY_MODE, () => [send(copyData(rows(50_000)), copyDone())]),
    one('30,000 messages of one row', EVERY_MODE, () => [
      send(...Array.from({ length: 30_000 }, (_, i) => copyData(`${i}\tx\n`)), copyDone()),
    ]),
    one('a value of 8 MB', EVERY_MODE, () => [
      send(...pieces(`1\t${'0123456789abcdef'.repeat(524_288)}\n`, 100_000), copyDone()),
    ]),
    one('1 MB in writes of any length', EVERY_MODE, () => [
      sendCut({ seed: 7, bytesMax: 4000 }, ...pieces(rows(12_000), 1000), copyDone()),
    ]),
    one('bad data after 3 MB, the rest is skipped', EVERY_MODE, () => [
      send(...pieces(rows(35_000), 65_536), copyData('bad\n'), ...pieces(rows(35_000), 65_536)),
      until('E'),
      send(copyDone()),
    ]),
  ];
}

function out(): readonly Script[] {
  const one = (name: string, ...frames: readonly Buffer[]): Script => ({
    name: `copy out: ${name}`,
    modes: EVERY_MODE,
    steps: [ask(...frames), ask(query('SELECT 1'))],
  });
  const large = (name: string, frame: Buffer): Script => ({ ...one(name, frame), large: true });
  return [
    one('text', query('COPY differential.items TO STDOUT')),
    one('CSV', query('COPY differential.items TO STDOUT (FORMAT csv, HEADER)')),
    one('binary', query('COPY differential.items TO STDOUT (FORMAT binary)')),
    one('no rows', query('COPY (SELECT 1 WHERE false) TO STDOUT')),
    one('extended', run('COPY differential.items TO STDOUT'), sync()),
    one('two in one query', query('COPY (SELECT 1) TO STDOUT; COPY (SELECT 2) TO STDOUT')),
    large(
      '100,000 rows',
      query("COPY (SELECT i, repeat('y', 60) FROM generate_series(1, 100000) i) TO STDOUT"),
    ),
    large('a row of 8 MB', query("COPY (SELECT repeat('z', 8388608)) TO STDOUT")),
    one(
      'error in the middle',
      query('COPY (SELECT 1/(5000 - i) FROM generate_series(1, 10000) i) TO STDOUT'),
    ),
    one('in a pipeline', run('COPY differential.items TO STDOUT'), sync(), query('SELECT 2')),
  ];
}
