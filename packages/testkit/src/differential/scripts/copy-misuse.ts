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
import { ask, closed, EVERY_MODE, ready, type Script, send, until } from '../script';

const COPY_IN = 'COPY differential.copied FROM STDIN';

/** Copy messages where none are expected, and others in the middle of a COPY. */
export function copyMisuseScripts(): readonly Script[] {
  return [
    {
      name: 'copy misuse: CopyData, CopyDone and CopyFail without a COPY are ignored',
      modes: EVERY_MODE,
      steps: [
        ask(copyData('stray'), copyDone(), copyFail('stray'), query('SELECT 1')),
        send(copyData('stray')),
        ask(run('SELECT 2'), sync()),
        send(copyDone()),
        ask(query('SELECT 3')),
      ],
    },
    {
      name: 'copy misuse: CopyData behind a query in the same write',
      modes: EVERY_MODE,
      steps: [ask(query('SELECT 1'), copyData('stray'), copyDone()), ask(query('SELECT 2'))],
    },
    {
      name: 'copy misuse: CopyDone during COPY OUT',
      modes: EVERY_MODE,
      steps: [ask(query('COPY differential.items TO STDOUT'), copyDone()), ask(query('SELECT 2'))],
    },
    // PostgreSQL cannot know where the next message begins then, and ends the connection.
    {
      name: 'copy misuse: a Query during COPY IN is fatal',
      modes: EVERY_MODE,
      steps: [
        send(query(COPY_IN)),
        until('G'),
        send(copyData('1\tone\n'), query('SELECT 1')),
        closed(),
      ],
    },
    {
      name: 'copy misuse: a Parse during COPY IN is fatal',
      modes: EVERY_MODE,
      steps: [
        send(query(COPY_IN)),
        until('G'),
        send(copyData('1\tone\n'), parse('SELECT 1')),
        closed(),
      ],
    },
    {
      name: 'copy misuse: an Execute during an extended COPY IN is fatal',
      modes: EVERY_MODE,
      steps: [
        send(parse(COPY_IN), bind(), execute(), flush()),
        until('G'),
        send(copyData('1\tone\n'), execute(), sync()),
        closed(),
      ],
    },
    {
      name: 'copy misuse: a second query before the data is fatal',
      modes: EVERY_MODE,
      steps: [send(query(COPY_IN), query('SELECT 1')), closed()],
    },
    {
      name: 'copy misuse: a Sync sent ahead of a COPY that fails at once',
      modes: EVERY_MODE,
      writes: true,
      steps: [
        send(parse(COPY_IN), bind(), execute(), sync()),
        until('G'),
        send(copyFail('no')),
        until('E'),
        send(sync()),
        ready(),
        ask(query('SELECT count(*) FROM differential.copied')),
      ],
    },
  ];
}
