/** PgBouncer's limits for names and passwords, in bytes. */
export const DATABASE_NAME_BYTES_MAX = 63;
export const USER_NAME_BYTES_MAX = 127;
export const PASSWORD_BYTES_MAX = 65_530;

/** Names of databases that belong to the console. */
export const CONSOLE_NAMES: readonly string[] = ['pgbouncer', 'pgweir'];
