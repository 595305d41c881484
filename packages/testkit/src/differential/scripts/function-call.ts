import { frame } from '../../wire/frame';
import { functionCall, int16, int32, query } from '../../wire/frontend';
import { ask, EVERY_MODE, type Script, WITH_TRANSACTIONS } from '../script';

/** Oids of built-in functions never change. */
const INT4_PLUS = 177;
const INT4_DIVIDE = 154;
const UPPER = 871;

/** FunctionCall, the oldest way to run something. */
export function functionCallScripts(): readonly Script[] {
  const one = (name: string, ...frames: readonly Buffer[]): Script => ({
    name: `function call: ${name}`,
    modes: EVERY_MODE,
    steps: [ask(...frames), ask(query('SELECT 1'))],
  });
  return [
    one('binary', functionCall(INT4_PLUS, [int32(20), int32(22)])),
    one('text', functionCall(INT4_PLUS, ['20', '22'], 0)),
    one('NULL gives NULL', functionCall(INT4_PLUS, [int32(20), null])),
    one('error inside', functionCall(INT4_DIVIDE, [int32(1), int32(0)])),
    one('unknown function', functionCall(999_999, [])),
    one('too few arguments', functionCall(INT4_PLUS, [int32(1)])),
    one('a result of 1 MB', functionCall(UPPER, ['abcd'.repeat(262_144)], 0)),
    one('cut body', frame('F', Buffer.concat([int32(INT4_PLUS), int16(0)]))),
    one(
      'in a pipeline',
      query('SELECT 1'),
      functionCall(INT4_PLUS, [int32(1), int32(2)]),
      functionCall(INT4_DIVIDE, [int32(1), int32(0)]),
      query('SELECT 2'),
    ),
    {
      name: 'function call: in a transaction and a failed one',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query('BEGIN')),
        ask(functionCall(INT4_PLUS, [int32(1), int32(2)])),
        ask(functionCall(INT4_DIVIDE, [int32(1), int32(0)])),
        ask(functionCall(INT4_PLUS, [int32(1), int32(2)])),
        ask(query('ROLLBACK')),
      ],
    },
  ];
}
