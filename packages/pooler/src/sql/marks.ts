/** What a statement may have done to its session, as bits. */
export const Mark = {
  /** A setting may have another session value: SET, RESET, set_config. */
  Settings: 1 << 0,
  /** A setting may have changed whose name the text does not tell. */
  UnknownSettings: 1 << 1,
  /** A temporary table, view, sequence, function or type. */
  TempObjects: 1 << 2,
  /** Session advisory locks taken or given back. */
  AdvisoryLocks: 1 << 3,
  /** DECLARE … WITH HOLD. */
  HeldCursors: 1 << 4,
  /** PREPARE, EXECUTE, DEALLOCATE, or a look at pg_prepared_statements. */
  SqlPrepared: 1 << 5,
  /** LOAD, and what else lives in a server process without a way to look it up or take it back. */
  Load: 1 << 6,
  /** nextval, setval: what currval and lastval will answer. */
  SequenceSet: 1 << 7,
  /** currval, lastval. */
  SequenceRead: 1 << 8,
  /** setseed, SET seed: what random() will answer. */
  Seed: 1 << 9,
  Listen: 1 << 10,
  Unlisten: 1 << 11,
  Notify: 1 << 12,
  Discard: 1 << 13,
  /** DROP, CLOSE: makes nothing, but may have taken away what a session is pinned for. */
  Releases: 1 << 14,
  /** A literal such as 'now', which means the time of the parse and not that of the execution. */
  ParseTime: 1 << 15,
} as const;

export const EVERY_MARK = (1 << 16) - 1;

/** In the answer of `look`: only the grammar can tell what the statement does. */
export const LOOK_CLOSER = 1 << 16;
/** In the answer of `look`: COMMIT, ROLLBACK or the like begins a statement. */
export const LOOK_EXITS = 1 << 17;
/** In the answer of `look`: literals hold code that the server runs, as in DO. */
export const LOOK_CODE = 1 << 18;
/**
 * In the answer of `look`: a backslash means another text under another standard_conforming_strings or
 * client_encoding. The bits are those of all readings; the grammar knows but one of them.
 */
export const LOOK_UNSURE = 1 << 19;
