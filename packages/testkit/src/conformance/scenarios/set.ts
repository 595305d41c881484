import { run } from '../../wire/frontend';
import { ask, group, type Scenario, simple, simples } from '../scenario';

const GROUP = 'SET, RESET, SHOW';

export const setScenarios: readonly Scenario[] = [
  {
    name: 'SET by simple query lasts over transactions',
    group: GROUP,
    steps: simples(
      "SET statement_timeout = '17s'",
      'SHOW statement_timeout',
      'BEGIN',
      'SHOW statement_timeout',
      'COMMIT',
      'SHOW statement_timeout',
    ),
  },
  {
    name: 'SET by the extended protocol lasts over transactions',
    group: GROUP,
    steps: [
      ask("SET work_mem = '5MB'"),
      ask('SHOW work_mem'),
      group(run("SET work_mem = '6MB'"), run('SHOW work_mem')),
      simple('SHOW work_mem'),
    ],
  },
];
