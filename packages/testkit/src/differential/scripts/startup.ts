import { MAJORS } from '../../postgres/binaries';
import { int32, query } from '../../wire/frontend';
import {
  ask,
  byte,
  closed,
  EVERY_MODE,
  ready,
  type Script,
  type StartupStep,
  send,
  startup,
} from '../script';

const SSL_REQUEST = Buffer.concat([int32(8), int32(80877103)]);
const GSS_REQUEST = Buffer.concat([int32(8), int32(80877104)]);

/** The first packets of a connection. */
export function startupScripts(): readonly Script[] {
  return [...accepted(), ...refused(), ...negotiated(), ...encryption()];
}

function accepted(): readonly Script[] {
  const one = (
    name: string,
    parameters: Readonly<Record<string, string>>,
    show: string,
  ): Script => ({
    name: `startup: ${name}`,
    modes: EVERY_MODE,
    login: 'none',
    steps: [startup({ parameters }), ready(), ask(query(show))],
  });
  return [
    one('nothing special', {}, 'SELECT current_user, current_database()'),
    one('application_name', { application_name: 'an app' }, 'SHOW application_name'),
    one('client_encoding', { client_encoding: 'LATIN1' }, 'SELECT chr(233)'),
    one(
      'DateStyle and TimeZone',
      { DateStyle: 'German', TimeZone: 'Asia/Tokyo' },
      "SELECT '2026-02-03 04:05:06+00'::timestamptz",
    ),
    one('IntervalStyle', { IntervalStyle: 'iso_8601' }, "SELECT '1 day'::interval"),
    one(
      'options with -c of a reported setting',
      { options: '-c TimeZone=Asia/Tokyo' },
      'SHOW timezone',
    ),
    one(
      'options with two spellings',
      { options: '-c DateStyle=German --application-name=from\\ options' },
      'SHOW application_name',
    ),
    one(
      'a parameter over the same one in options',
      { application_name: 'direct', options: '-c application_name=options' },
      'SHOW application_name',
    ),
    one('replication off', { replication: 'false' }, 'SELECT 1'),
    one('another setting', { extra_float_digits: '0' }, 'SELECT 0.1::float8 + 0.2::float8'),
    one(
      'options with -c of another setting',
      { options: '-c statement_timeout=77s' },
      'SHOW statement_timeout',
    ),
  ];
}

function refused(): readonly Script[] {
  const one = (
    name: string,
    step: StartupStep,
    difference?: { readonly reason: string; readonly code: string },
  ): Script => ({
    name: `startup: ${name}`,
    modes: EVERY_MODE,
    login: 'none',
    compare: 'codes',
    steps: [startup(step), closed()],
    ...(difference === undefined
      ? {}
      : {
          differences: [
            { reason: difference.reason, through: [`E FATAL ${difference.code}`, 'closed'] },
          ],
        }),
  });
  return [
    one('unknown database', { database: 'nowhere' }),
    one(
      'unknown user',
      { user: 'nobody' },
      {
        reason: 'with trust, PostgreSQL says AuthenticationOk before it looks the user up',
        code: '28000',
      },
    ),
    one('no user', { user: null }),
    one('empty user', { user: '' }),
    one('unknown parameter', { parameters: { no_such_parameter: '1' } }),
    one('a value that is refused', { parameters: { DateStyle: 'no such style' } }),
    one('unknown parameter in options', { parameters: { options: '-c no_such_parameter=1' } }),
    one(
      'options that are none',
      { parameters: { options: '--wrong' } },
      {
        reason: 'pgweir reads options itself, before the login; its code is that of PgBouncer',
        code: '08P01',
      },
    ),
    one(
      'protocol 2.0',
      { major: 2 },
      {
        reason:
          'PostgreSQL answers in the format of protocol 2; pgweir, as PgBouncer, in that of 3',
        code: '08P01',
      },
    ),
    one('protocol 4.0', { major: 4 }),
    one('a bad value for replication', { parameters: { replication: 'perhaps' } }),
  ];
}

function negotiated(): readonly Script[] {
  const one = (
    name: string,
    minor: number,
    parameters: Readonly<Record<string, string>>,
  ): Script => ({
    name: `startup: ${name}`,
    modes: EVERY_MODE,
    login: 'none',
    steps: [startup({ minor, parameters }), ready(), ask(query('SELECT 1'))],
  });
  return [
    { ...one('protocol 3.2', 2, {}), majors: [18] },
    { ...one('protocol 3.99 is negotiated down', 99, {}), majors: [18] },
    { ...one('unknown protocol option', 0, { '_pq_.wish': 'on' }) },
    {
      ...one('protocol 3.2 with unknown protocol options', 2, { '_pq_.a': '1', '_pq_.b': '2' }),
      majors: [18],
    },
    {
      name: 'startup: protocol 3.2 where the server has 3.0 only',
      modes: EVERY_MODE,
      majors: MAJORS.filter((major) => major < 18),
      login: 'none',
      normalise: (line) => (line.startsWith('S ') ? undefined : line),
      steps: [startup({ minor: 2 }), ready()],
      differences: [
        {
          reason: 'pgweir itself speaks 3.2 with the client, whatever the server does',
          through: ['R \\u0000\\u0000\\u0000\\u0000', 'K key of 32 bytes', 'Z I', 'closed'],
        },
      ],
    },
  ];
}

function encryption(): readonly Script[] {
  const login = [startup(), ready(), ask(query('SELECT 1'))];
  const one = (name: string, steps: Script['steps']): Script => ({
    name: `startup: ${name}`,
    modes: EVERY_MODE,
    login: 'none',
    compare: 'codes',
    steps,
  });
  return [
    one('SSLRequest refused, then plain', [byte(SSL_REQUEST), ...login]),
    one('GSSENCRequest refused, then plain', [byte(GSS_REQUEST), ...login]),
    one('GSSENCRequest, then SSLRequest, then plain', [
      byte(GSS_REQUEST),
      byte(SSL_REQUEST),
      ...login,
    ]),
    one('SSLRequest, then GSSENCRequest, then plain', [
      byte(SSL_REQUEST),
      byte(GSS_REQUEST),
      ...login,
    ]),
    one('SSLRequest twice', [byte(SSL_REQUEST), send(SSL_REQUEST), closed()]),
    one('CancelRequest for nobody', [
      send(Buffer.concat([int32(16), int32(80877102), int32(1), int32(2)])),
      closed(),
    ]),
  ];
}
