/** An answer that a connection of one's own to PostgreSQL would not have given. */
export class Violation extends Error {}
