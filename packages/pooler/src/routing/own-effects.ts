import { CODE_FUNCTIONS, FUNCTION_MARKS } from '../sql/words';

/**
 * Functions of PostgreSQL that are no reads, whatever the catalog says of them: they change something, or
 * read what belongs to one session, or run SQL on their own. Some are not even volatile.
 */
export const NO_READS: readonly string[] = [
  ...FUNCTION_MARKS.keys(),
  ...CODE_FUNCTIONS,
  // Give the transaction an id.
  ...['txid_current', 'pg_current_xact_id'],
  ...['txid_current_if_assigned', 'pg_current_xact_id_if_assigned'],
  // Tell of the session.
  ...['pg_prepared_statement', 'pg_cursor'],
  // Read whole relations by their names, which no tree shows.
  ...['table_to_xml', 'table_to_xmlschema', 'table_to_xml_and_xmlschema'],
  ...['schema_to_xml', 'schema_to_xmlschema', 'schema_to_xml_and_xmlschema'],
  ...['database_to_xml', 'database_to_xmlschema', 'database_to_xml_and_xmlschema'],
  ...['cursor_to_xml', 'cursor_to_xmlschema'],
  ...['pg_export_snapshot', 'pg_switch_wal', 'pg_promote', 'pg_reload_conf', 'pg_rotate_logfile'],
  ...['pg_cancel_backend', 'pg_terminate_backend', 'pg_import_system_collations'],
];

/** Functions whose names begin so are no reads either. */
const NO_READ_BEGINNINGS: readonly string[] = [
  ...['pg_advisory_', 'pg_try_advisory_', 'lo_', 'lowrite', 'loread', 'dblink', 'pg_stat_reset'],
  ...['pg_create_', 'pg_drop_', 'pg_replication_', 'pg_logical_', 'pg_copy_', 'pg_backup_'],
  ...['pg_start_backup', 'pg_stop_backup', 'pg_wal_replay_', 'pg_restore_', 'pg_clear_'],
];

/**
 * Functions of PostgreSQL whose answer is about the server or connection that they run on: reads, but
 * the answer of a replica is another one.
 */
export const ABOUT_SERVER: readonly string[] = [
  ...['pg_backend_pid', 'pg_show_all_settings', 'pg_settings_get_flags', 'pg_config', 'version'],
  ...['pg_postmaster_start_time', 'pg_conf_load_time', 'pg_backup_start_time', 'pg_is_in_backup'],
  ...['inet_server_addr', 'inet_server_port', 'inet_client_addr', 'inet_client_port'],
  ...['pg_get_replication_slots', 'pg_walfile_name', 'pg_walfile_name_offset'],
  ...['pg_current_snapshot', 'txid_current_snapshot', 'pg_numa_available'],
  ...['pg_available_extensions', 'pg_available_extension_versions', 'pg_extension_update_paths'],
  ...['pg_timezone_names', 'pg_timezone_abbrevs', 'pg_timezone_abbrevs_abbrevs'],
  ...['pg_timezone_abbrevs_zone', 'pg_tablespace_databases', 'pg_tablespace_location'],
];

/** Functions whose names begin so are about the server too. */
export const ABOUT_SERVER_BEGINNING = 'pg_stat_';

const noReads: ReadonlySet<string> = new Set(NO_READS);

/** A call of a function with this name is no read, in whichever schema it is. */
export function isNoRead(name: string): boolean {
  return noReads.has(name) || NO_READ_BEGINNINGS.some((beginning) => name.startsWith(beginning));
}
