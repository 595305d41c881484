import { bind, describe, execute, parse } from '../../wire/frontend';
import { group, type Scenario } from '../scenario';

const GROUP = 'prepared statements of the protocol';

export const preparedScenarios: readonly Scenario[] = [
  {
    name: 'a named statement is used again in later transactions',
    group: GROUP,
    steps: [
      group(parse('SELECT $1::int + 1', 'add'), describe('S', 'add')),
      group(bind({ statement: 'add', values: ['1'] }), describe('P'), execute()),
      group(bind({ statement: 'add', values: ['2'] }), execute()),
    ],
  },
  {
    name: 'the unnamed statement is parsed and described first and bound in a later transaction',
    group: GROUP,
    steps: [
      group(parse('SELECT $1::text'), describe('S')),
      group(bind({ values: ['later'] }), describe('P'), execute()),
    ],
  },
];
