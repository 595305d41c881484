import { bind, execute, parse } from '../../wire/frontend';
import { group, type Scenario, type SessionSpec, simple, simples } from '../scenario';

const of = (name: string, ...steps: Scenario['steps']): Scenario => ({
  name,
  group: 'RESET, DISCARD, startup parameters',
  steps,
});

const started = (
  parameters: Readonly<Record<string, string>>,
  user: SessionSpec['user'] = 'app',
): Pick<Scenario, 'sessions'> => ({ sessions: { a: { user, parameters } } });

const SHOWN = `SELECT name, setting FROM pg_settings WHERE name IN
  ('work_mem', 'TimeZone', 'search_path', 'application_name', 'DateStyle', 'client_encoding',
   'lock_timeout', 'extra_float_digits') ORDER BY name`;

export const resetScenarios: readonly Scenario[] = [
  of(
    'RESET and SET TO DEFAULT go back to what the session began with',
    simples(
      "SET work_mem = '2MB'; SET TimeZone = 'Asia/Tokyo'; SET lock_timeout = 7",
      SHOWN,
      'RESET work_mem',
      'SET TimeZone TO DEFAULT',
      'SET SESSION lock_timeout = DEFAULT',
      SHOWN,
    ),
  ),
  of(
    'RESET ALL',
    simples(
      "SET work_mem = '2MB'; SET TimeZone = 'Asia/Tokyo'; SET own_schema.x = '1'; SET search_path = nowhere",
      'RESET ALL',
      SHOWN,
      "SELECT current_setting('own_schema.x', true)",
    ),
  ),
  of(
    'DISCARD ALL leaves nothing',
    simples(
      "SET work_mem = '2MB'; SET TimeZone = 'Asia/Tokyo'; SET own_schema.x = '1'; SET ROLE reader",
      'LISTEN own_schema; PREPARE p AS SELECT 1; DECLARE c CURSOR WITH HOLD FOR SELECT 1',
      "SELECT pg_advisory_lock(hashtext('own_schema'))",
      'DISCARD ALL',
      SHOWN,
      "SELECT current_user, current_setting('own_schema.x', true)",
      'EXECUTE p',
      'FETCH c',
      'SELECT pg_listening_channels()',
      "SELECT pg_advisory_unlock(hashtext('own_schema'))",
    ),
  ),
  of(
    'DISCARD ALL in a transaction is refused and changes nothing',
    simples(
      "SET own_schema.x = '1'",
      'BEGIN',
      'DISCARD ALL',
      'ROLLBACK',
      'SHOW own_schema.x',
      'SELECT 1; DISCARD ALL',
      'SHOW own_schema.x',
    ),
  ),
  of(
    'DISCARD PLANS and DISCARD SEQUENCES leave settings and statements',
    group(parse('SELECT 5', 'five')),
    simples("SET own_schema.x = '1'", 'DISCARD PLANS', 'DISCARD SEQUENCES', 'SHOW own_schema.x'),
    group(bind({ statement: 'five' }), execute()),
  ),
  {
    ...of(
      'RESET goes back to the startup parameters',
      simples(
        SHOWN,
        "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET application_name = 'other'",
        "SET extra_float_digits = 0; SET client_encoding = 'UTF8'",
        SHOWN,
        'RESET TimeZone; RESET DateStyle',
        SHOWN,
        'RESET ALL',
        SHOWN,
        "SET application_name = 'third'",
        'DISCARD ALL',
        SHOWN,
      ),
    ),
    ...started({
      application_name: 'of the startup',
      TimeZone: 'America/Lima',
      DateStyle: 'SQL, DMY',
      extra_float_digits: '3',
      client_encoding: 'LATIN1',
    }),
  },
  {
    ...of(
      'options of the startup are where RESET goes back to',
      simples(
        SHOWN,
        "SET work_mem = '2MB'; SET search_path = public; SET own_schema.x = 'other'",
        'SHOW own_schema.x',
        'RESET ALL',
        SHOWN,
        'SHOW own_schema.x',
      ),
    ),
    ...started({
      options:
        '-c work_mem=6MB --search-path=own_schema,public -c own_schema.x=a\\ b\\\\c --lock_timeout=3s',
    }),
  },
  {
    ...of(
      'settings of the role are there and are where RESET goes back to',
      simples(
        SHOWN,
        "SET work_mem = '2MB'; SET TimeZone = 'UTC'; SET search_path = nowhere",
        SHOWN,
        'RESET work_mem',
        'DISCARD ALL',
        SHOWN,
      ),
    ),
    ...started({}, 'tuned'),
  },
  {
    ...of(
      'startup parameters go before settings of the role',
      simples(SHOWN, "SET TimeZone = 'UTC'; SET work_mem = '2MB'", 'RESET ALL', SHOWN),
    ),
    ...started({ TimeZone: 'Asia/Almaty', options: '-c work_mem=8MB' }, 'tuned'),
  },
  {
    ...of(
      'a setting that can be set at the connection start only',
      simples('SHOW ignore_system_indexes', 'SELECT 1', 'SHOW ignore_system_indexes', 'RESET ALL'),
      simple('SHOW ignore_system_indexes'),
    ),
    ...started({ options: '-c ignore_system_indexes=on' }),
  },
  {
    ...of('an unknown name in the startup options is refused'),
    ...started({ options: '-c no_such_setting=1' }),
  },
  {
    ...of('an invalid value in the startup parameters is refused'),
    ...started({ TimeZone: 'Nowhere/City' }),
  },
  {
    ...of('a startup parameter that only a superuser may set is refused'),
    ...started({ options: '-c session_replication_role=replica' }),
  },
  {
    ...of(
      'a custom setting and a search_path as startup parameters',
      simples('SHOW own.tenant', 'SHOW search_path', "SET own.tenant = '8'", 'RESET own.tenant'),
      simple('SHOW own.tenant'),
    ),
    ...started({ 'own.tenant': '7', search_path: 'own_schema, public' }),
  },
];
