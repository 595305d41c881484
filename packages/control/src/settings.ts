/** What the configuration says about watching servers. All times in milliseconds, all counts above 0. */
export interface ControlSettings {
  /** From one probe of a server to the next, while nothing is wrong. */
  readonly healthCheckIntervalMs: number;
  /** A probe that takes longer has failed; connecting is included. */
  readonly healthCheckTimeoutMs: number;
  /** Failed probes in a row that make a suspect server down. */
  readonly healthDownAfter: number;
  /** Good probes in a row after which a server that was down is in service again. */
  readonly healthUpAfter: number;
  /** How long before a switchover that somebody else has scheduled new work waits. 0: it does not. */
  readonly switchoverLeadMs: number;
  /** How long after that moment nothing need have happened, until work goes on. */
  readonly switchoverTimeoutMs: number;
}

export const CONTROL_DEFAULTS: ControlSettings = {
  healthCheckIntervalMs: 500,
  healthCheckTimeoutMs: 1000,
  healthDownAfter: 2,
  healthUpAfter: 2,
  switchoverLeadMs: 2_000,
  switchoverTimeoutMs: 10_000,
};

/** While something is suspect, or a primary is being waited for. */
export const FAST_INTERVAL_MS = 100;
/** A trouble that lasts longer than this is probed at the usual pace. */
export const FAST_FOR_MS = 60_000;
/** Two probes of one server never begin closer to each other than this. */
export const PROBE_GAP_MS = 20;
/** Part of the interval by which it varies, so that many daemons do not probe in step. */
export const JITTER = 0.1;
/** What a prober may take over its deadline, for the timer's sake, before it counts as hung. */
export const PROBER_GRACE_MS = 250;
/** What a source of claims has not confirmed for this long does not confirm anything any more. */
export const CLAIM_FRESH_MS = 15_000;
/**
 * While two servers claim to be primary, each has to answer this soon (or as soon as it usually does,
 * where that takes longer): one that hangs is found before clients have waited long.
 */
export const RIVAL_ANSWERS_MS = 300;
/** How much longer than usual an answer of a rival may take. */
export const RIVAL_PATIENCE = 3;
