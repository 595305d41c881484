/** Who clients are, towards every contestant. Owns the tables. */
export const USER = 'bench';
/** Who clients are where PostgreSQL itself asks for a password. */
export const SCRAM_USER = 'bench_scram';
export const PASSWORD = 'for benchmarks only';
export const DATABASE = 'bench';
/** The same everywhere, so that no pooler has to change it on a link. */
export const APPLICATION_NAME = 'bench';
