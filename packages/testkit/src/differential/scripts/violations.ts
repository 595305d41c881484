import { frame } from '../../wire/frame';
import { int32, query, run, sync, terminate } from '../../wire/frontend';
import {
  ask,
  closed,
  EVERY_MODE,
  halfClose,
  ready,
  type Script,
  send,
  WITH_TRANSACTIONS,
} from '../script';

/** What no client may send. Of errors, the code counts, and that the connection ends. */
export function violationScripts(): readonly Script[] {
  return [...inSession(), ...beforeLogin(), ...leaving()];
}

/** What `SELECT 1` answers. */
const ONE = [
  'T ?column?(table 0.0 type 23,4,-1 format 0)',
  'D \\u0000\\u0001\\u0000\\u0000\\u0000\\u00011',
  'C SELECT 1\\u0000',
  'Z I',
] as const;

const SILENT = 'PostgreSQL closes without a word; pgweir says why before it does the same';

function inSession(): readonly Script[] {
  const one = (name: string, bytes: Buffer, differences?: Script['differences']): Script => ({
    name: `violation: ${name}`,
    modes: EVERY_MODE,
    compare: 'codes',
    steps: [ask(query('SELECT 1')), send(bytes), closed()],
    ...(differences === undefined ? {} : { differences }),
  });
  const says = (code: string): Script['differences'] => [
    { reason: SILENT, through: [...ONE, `E FATAL ${code}`, 'closed'] },
  ];
  return [
    one('unknown message type', frame('y', Buffer.from('what'))),
    one('type 0', frame('\0', Buffer.alloc(0))),
    one("a server's message", frame('T', Buffer.from([0, 0]))),
    one('a password after the login', frame('p', Buffer.from('secret\0'))),
    one('length 3', Buffer.from('5100000003', 'hex'), says('08P01')),
    one('length 0', Buffer.from('5100000000', 'hex'), says('08P01')),
    one('negative length', Buffer.from('51ffffffff', 'hex'), says('08P01')),
    one('length of 2 GB', Buffer.from('517fffffff', 'hex'), says('08P01')),
    one('Sync of 1 MB', Buffer.concat([Buffer.from('53', 'hex'), int32(1_048_580)]), says('08P01')),
    {
      name: 'violation: unknown message type in a transaction',
      modes: WITH_TRANSACTIONS,
      compare: 'codes',
      steps: [ask(query('BEGIN')), send(frame('y', Buffer.alloc(0))), closed()],
    },
    {
      name: 'violation: unknown message type behind extended messages',
      modes: EVERY_MODE,
      compare: 'codes',
      steps: [send(run('SELECT 1'), frame('y', Buffer.alloc(0))), closed()],
      differences: [
        {
          reason: 'PostgreSQL looks at messages one by one; pgweir refuses what it sees at once',
          through: ['E FATAL 08P01', 'closed'],
        },
      ],
    },
    {
      name: 'violation: Query without a terminator',
      modes: EVERY_MODE,
      compare: 'codes',
      steps: [send(frame('Q', Buffer.from('SELECT 1'))), ready(), ask(query('SELECT 2'))],
    },
    {
      name: 'violation: Query with a NUL in the middle',
      modes: EVERY_MODE,
      compare: 'codes',
      steps: [send(frame('Q', Buffer.from('SELECT 1\0, 2\0'))), ready(), ask(query('SELECT 2'))],
    },
    {
      name: 'violation: Query without a body',
      modes: EVERY_MODE,
      compare: 'codes',
      steps: [send(frame('Q', Buffer.alloc(0))), ready(), ask(query('SELECT 2'))],
    },
  ];
}

function beforeLogin(): readonly Script[] {
  const one = (name: string, bytes: Buffer, { silent = false } = {}): Script => ({
    name: `violation: ${name}`,
    modes: EVERY_MODE,
    login: 'none',
    compare: 'codes',
    steps: [send(bytes), closed()],
    ...(silent ? { differences: [{ reason: SILENT, through: ['E FATAL 08P01', 'closed'] }] } : {}),
  });
  const packet = (...parts: readonly Buffer[]): Buffer => {
    const body = Buffer.concat(parts);
    return Buffer.concat([int32(body.length + 4), body]);
  };
  return [
    one('an HTTP request instead of a startup packet', Buffer.from('GET / HTTP/1.1\r\n\r\n'), {
      silent: true,
    }),
    one('startup packet of length 0', Buffer.from('0000000000030000', 'hex'), { silent: true }),
    one('startup packet of length 3', Buffer.from('0000000300030000', 'hex'), { silent: true }),
    one('startup packet of 2 GB', Buffer.from('7fffffff00030000', 'hex'), { silent: true }),
    one('startup packet without its end', packet(int32(0x30000), Buffer.from('user\0app'))),
    one('a value without its end', packet(int32(0x30000), Buffer.from('user\0app\0database'))),
    one('a query instead of a startup packet', query('SELECT 1'), { silent: true }),
    one('an empty startup packet', packet(int32(0x30000))),
  ];
}

function leaving(): readonly Script[] {
  return [
    {
      name: 'leaving: Terminate with a body',
      modes: EVERY_MODE,
      steps: [ask(query('SELECT 1')), send(frame('X', Buffer.from('bye'))), closed()],
    },
    {
      name: 'leaving: Terminate at once',
      modes: EVERY_MODE,
      steps: [send(terminate()), closed()],
    },
    {
      name: 'leaving: half a message, then the end of the stream',
      modes: EVERY_MODE,
      steps: [
        ask(query('SELECT 1')),
        send(query('SELECT 2').subarray(0, 7)),
        halfClose(),
        closed(),
      ],
    },
    {
      name: 'leaving: the end of the stream without Terminate',
      modes: EVERY_MODE,
      steps: [ask(run('SELECT 1'), sync()), halfClose(), closed()],
    },
  ];
}
