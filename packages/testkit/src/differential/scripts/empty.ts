import { bind, describe, execute, parse, query, run, sync } from '../../wire/frontend';
import { ask, EVERY_MODE, type Script, WITH_TRANSACTIONS } from '../script';

/** Queries without a statement. */
export function emptyScripts(): readonly Script[] {
  const simple = (name: string, ...texts: readonly string[]): Script => ({
    name: `empty: ${name}`,
    modes: EVERY_MODE,
    steps: [...texts.map((text) => ask(query(text))), ask(query('SELECT 1'))],
  });
  return [
    simple('no text', ''),
    simple('blanks and line ends', '  \n\t \r\n '),
    simple('semicolons', ';', ';;;', ' ; ; '),
    simple('comments only', '-- nothing', '/* nothing /* nested */ here */', '-- a\n/* b */;'),
    simple('around statements', ';;SELECT 1;;', '-- first\nSELECT 2 -- last', '/* */;SELECT 3;'),
    {
      name: 'empty: extended',
      modes: EVERY_MODE,
      steps: [ask(run(''), sync()), ask(run('-- nothing'), sync()), ask(run(';'), sync())],
    },
    {
      name: 'empty: extended, Describe of the statement',
      modes: EVERY_MODE,
      steps: [ask(parse(''), describe('S'), bind(), execute(1), execute(0), sync())],
    },
    {
      name: 'empty: in a pipeline',
      modes: EVERY_MODE,
      steps: [ask(query(''), run(''), sync(), query(''), query('SELECT 1'), run(''), sync())],
    },
    {
      name: 'empty: inside a transaction and a failed one',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query('BEGIN')),
        ask(query('')),
        ask(query('SELECT 1/0')),
        ask(query('')),
        ask(run(''), sync()),
        ask(query('ROLLBACK')),
      ],
    },
  ];
}
