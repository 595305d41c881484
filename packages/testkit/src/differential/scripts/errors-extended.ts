import { frame } from '../../wire/frame';
import {
  bind,
  close,
  describe,
  execute,
  flush,
  int16,
  int32,
  parse,
  query,
  run,
  sync,
  text,
} from '../../wire/frontend';
import { ask, EVERY_MODE, ready, type Script, send, until, WITH_TRANSACTIONS } from '../script';

const FINE = [run('SELECT 1'), sync()] as const;

/** Errors in each message of the extended protocol: all that follows is skipped until Sync. */
export function extendedErrorScripts(): readonly Script[] {
  return [...inEachMessage(), ...malformedBodies(), ...skipping()];
}

function inEachMessage(): readonly Script[] {
  const one = (name: string, ...frames: readonly Buffer[]): Script => ({
    name: `extended error: ${name}`,
    modes: EVERY_MODE,
    steps: [ask(...frames, sync()), ask(...FINE)],
  });
  return [
    one('syntax, in Parse', parse('SELEC 1'), bind(), describe('P'), execute()),
    one('two statements in one Parse', parse('SELECT 1; SELECT 2'), bind(), execute()),
    one('unknown parameter type', parse('SELECT $1', '', [4_000_000]), bind({ values: ['1'] })),
    one('undecidable parameter type', parse('SELECT $1 = $2'), bind({ values: ['1'] })),
    one('too few values in Bind', parse('SELECT $1::int'), bind(), execute()),
    one('too many values in Bind', parse('SELECT 1'), bind({ values: ['1'] }), execute()),
    one('value of the wrong form', run('SELECT $1::int', ['one']), execute()),
    one('binary value too short', parse('SELECT $1::int'), bind({ formats: [1], values: ['ab'] })),
    one('unknown format code', parse('SELECT $1::int'), bind({ formats: [2], values: ['1'] })),
    one(
      'format codes that do not match',
      parse('SELECT $1::int'),
      bind({ formats: [0, 1, 0], values: ['1'] }),
    ),
    one(
      'result formats that do not match',
      parse('SELECT 1'),
      bind({ results: [0, 1] }),
      execute(),
    ),
    one('Bind of an unknown statement', bind({ statement: 'nobody' }), execute()),
    one('Describe of an unknown statement', describe('S', 'nobody')),
    one('Describe of an unknown portal', describe('P', 'nobody')),
    one('Execute of an unknown portal', execute(0, 'nobody')),
    one('Close of what does not exist is none', close('S', 'nobody'), close('P', 'nobody')),
    one('division by zero, in Execute', run('SELECT 1/$1::int', ['0'])),
    one('after rows, in Execute', run('SELECT 10 / (6 - i) FROM generate_series(1, 10) i')),
    one('constant folding, in Bind', parse('SELECT 1/0'), bind(), describe('P'), execute()),
    one('unique violation', run('INSERT INTO differential.items VALUES ($1, $2)', ['1', 'x'])),
  ];
}

function malformedBodies(): readonly Script[] {
  const one = (name: string, ...frames: readonly Buffer[]): Script => ({
    name: `extended error: ${name}`,
    modes: EVERY_MODE,
    steps: [ask(...frames, sync()), ask(...FINE)],
  });
  return [
    one('Parse without a terminator', frame('P', Buffer.from('abc'))),
    one('Parse with bytes left over', frame('P', Buffer.from('\0SELECT 1\0\0\0extra'))),
    one(
      'Bind that claims more values than it has',
      parse('SELECT $1::text'),
      frame('B', Buffer.concat([text(''), text(''), int16(0), int16(5), int32(1), int16(0)])),
    ),
    one(
      'Bind whose value is longer than the message',
      parse('SELECT $1::text'),
      frame('B', Buffer.concat([text(''), text(''), int16(0), int16(1), int32(1000), int16(0)])),
    ),
    one(
      'Bind with a negative length',
      parse('SELECT $1::text'),
      frame('B', Buffer.concat([text(''), text(''), int16(0), int16(1), int32(-5), int16(0)])),
    ),
    one('Describe of a kind that is none', frame('D', Buffer.from('Xname\0'))),
    one('Close of a kind that is none', frame('C', Buffer.from('Xname\0'))),
    one('Describe without a body', frame('D', Buffer.alloc(0))),
    one('Execute without a row limit', frame('E', text(''))),
    {
      name: 'extended error: Sync with a body',
      modes: EVERY_MODE,
      steps: [send(frame('S', Buffer.from('x'))), until('E'), ask(sync()), ask(...FINE)],
    },
  ];
}

function skipping(): readonly Script[] {
  return [
    {
      name: 'extended error: everything is skipped until Sync, also a Query',
      modes: EVERY_MODE,
      steps: [
        send(parse('SELEC 1'), flush()),
        until('E'),
        send(query('SELECT 1'), run('SELECT 2'), flush(), query('SELECT 3')),
        ask(sync()),
        ask(...FINE),
      ],
    },
    {
      name: 'extended error: a Query behind it in the same write is skipped',
      modes: EVERY_MODE,
      steps: [send(parse('SELEC 1'), query('SELECT 1'), sync()), ready(), ask(query('SELECT 2'))],
    },
    {
      name: 'extended error: with Flush only, the Sync comes later',
      modes: EVERY_MODE,
      steps: [send(run('SELECT 1/0'), flush()), until('E'), ask(sync()), ask(...FINE)],
    },
    {
      name: 'extended error: two failures in a row, one Sync each',
      modes: EVERY_MODE,
      steps: [ask(run('SELEC 1'), sync(), run('SELECT 1/0'), sync(), ...FINE)],
    },
    {
      name: 'extended error: in a transaction, and what is allowed then',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(run('BEGIN'), sync()),
        ask(run('SELECT 1/0'), sync()),
        ask(run('SELECT 1'), sync()),
        ask(parse('SELECT 1'), sync()),
        ask(run('ROLLBACK'), sync()),
        ask(...FINE),
      ],
    },
    {
      name: 'extended error: Bind of a statement from before the failure',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query('BEGIN')),
        ask(parse('SELECT 1', 'kept'), sync()),
        ask(query('SELECT 1/0')),
        ask(bind({ statement: 'kept' }), execute(), sync()),
        ask(describe('S', 'kept'), sync()),
        ask(query('ROLLBACK')),
      ],
    },
  ];
}
