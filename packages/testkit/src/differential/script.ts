import type { Major } from '../postgres/binaries';

export const MODES = ['session', 'transaction', 'statement'] as const;
export type PoolMode = (typeof MODES)[number];

/** Shorthands for `Script.modes`. */
export const EVERY_MODE: readonly PoolMode[] = MODES;
/** What needs several statements on one server connection inside a transaction. */
export const WITH_TRANSACTIONS: readonly PoolMode[] = ['session', 'transaction'];
/** What needs one server connection for longer than a transaction. */
export const SESSION_ONLY: readonly PoolMode[] = ['session'];

/** How bytes are cut into writes: all at once, one by one, or 1 to `bytesMax` at a time. */
export type Pace = 'whole' | 'bytes' | { readonly seed: number; readonly bytesMax: number };

/** A StartupMessage; what is not given comes from the target. */
export interface StartupStep {
  readonly major?: number;
  readonly minor?: number;
  /** null: left out. */
  readonly user?: string | null;
  readonly database?: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

export type Step =
  | { readonly kind: 'send'; readonly bytes: Buffer; readonly pace: Pace }
  | { readonly kind: 'startup'; readonly startup: StartupStep; readonly pace: Pace }
  /** Until `count` more messages with this tag have come. */
  | { readonly kind: 'until'; readonly tag: string; readonly count: number }
  /** Until the other side has closed. */
  | { readonly kind: 'closed' }
  /** Sends `bytes` and takes one byte outside any message. */
  | { readonly kind: 'byte'; readonly bytes: Buffer }
  /** A CancelRequest over a connection of its own, and waits until that is closed. */
  | { readonly kind: 'cancel'; readonly key: 'own' | 'wrong' }
  /** Closes our direction only. */
  | { readonly kind: 'halfClose' };

/** Where and how pgweir answers otherwise than PostgreSQL, on purpose. */
export interface KnownDifference {
  readonly reason: string;
  /** Default: all of the script. */
  readonly modes?: readonly PoolMode[];
  /** Default: all. */
  readonly majors?: readonly Major[];
  /** Exactly what comes through pgweir, as lines of the short form (`inShort`). */
  readonly through: readonly string[];
}

/**
 * Client bytes and the points at which the client waits. Played to PostgreSQL and through pgweir, the
 * replies must be the same.
 *
 * At the end of the steps, a Terminate is sent unless the connection is closed already, and what comes
 * until the close counts too.
 */
export interface Script {
  /** Says what is tried. Unique. */
  readonly name: string;
  readonly modes: readonly PoolMode[];
  /** Default: all. */
  readonly majors?: readonly Major[];
  /** `none`: the steps begin with the first byte of the connection. Default `ordinary`. */
  readonly login?: 'ordinary' | 'none' | { readonly minor?: number; readonly replication?: string };
  readonly steps: readonly (Step | readonly Step[])[];
  /**
   * `codes`: of errors only severity and SQLSTATE count, because the texts are each program's own.
   * Default `exact`.
   */
  readonly compare?: 'exact' | 'codes';
  /** Applied to each line, undefined drops it; for what differs between any two connections. */
  readonly normalise?: (line: string) => string | undefined;
  /** Moves megabytes: a quick run plays it to one major only. Default false. */
  readonly large?: boolean;
  /** It changes tables, which are put back before each play. Default false. */
  readonly writes?: boolean;
  readonly differences?: readonly KnownDifference[];
}

export function send(...frames: readonly Buffer[]): Step {
  return { kind: 'send', bytes: Buffer.concat(frames), pace: 'whole' };
}

export function sendCut(pace: Pace, ...frames: readonly Buffer[]): Step {
  return { kind: 'send', bytes: Buffer.concat(frames), pace };
}

export function startup(options: StartupStep = {}, pace: Pace = 'whole'): Step {
  return { kind: 'startup', startup: options, pace };
}

/** Until `count` more ReadyForQuery have come. */
export function ready(count = 1): Step {
  return { kind: 'until', tag: 'Z', count };
}

export function until(tag: string, count = 1): Step {
  return { kind: 'until', tag, count };
}

export function closed(): Step {
  return { kind: 'closed' };
}

export function byte(bytes: Buffer): Step {
  return { kind: 'byte', bytes };
}

export function cancel(key: 'own' | 'wrong' = 'own'): Step {
  return { kind: 'cancel', key };
}

export function halfClose(): Step {
  return { kind: 'halfClose' };
}

/** Sends messages (each a frame of its own) and waits for one ReadyForQuery for each Q, S and F. */
export function ask(...frames: readonly Buffer[]): readonly Step[] {
  const owed = frames.filter((frame) => 'QSF'.includes(String.fromCharCode(frame[0] ?? 0))).length;
  return [send(...frames), ready(owed)];
}
