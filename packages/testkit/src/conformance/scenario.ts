import type { Major } from '../postgres/binaries';
import { query, run, sync, type Value } from '../wire/frontend';

/**
 * Stands in statements, parameters and startup parameters for a name that only this play has: that of
 * a schema which `app` owns and which is there when the play starts. Use it for whatever other plays
 * could meet: `own_schema.items`, `LISTEN own_schema_jobs`, `hashtext('own_schema')` as the key of an
 * advisory lock. The real names are as long as this, so that positions and lengths stay the same.
 */
export const OWN_SCHEMA = 'own_schema';

/** How a scenario is played through a pooler: nobody else there, or many others with few links. */
export const WAYS = ['alone', 'compete'] as const;
export type Way = (typeof WAYS)[number];

/**
 * `app`: ordinary; owner of the database and of `own_schema`, member of `reader` and of `writer`
 * (which may not log in), not of `stranger`. `chief`: a superuser. `tuned`: as `app`, but ALTER ROLE
 * has given it `work_mem = '7MB'`, `TimeZone = 'Asia/Tokyo'` and `search_path = tuned, public`.
 */
export type ScenarioUser = 'app' | 'chief' | 'tuned';

export interface SessionSpec {
  /** Default `app`. */
  readonly user?: ScenarioUser;
  /** Further startup parameters: `options`, `application_name`, `client_encoding` ... */
  readonly parameters?: Readonly<Record<string, string>>;
  /** `step`: with a step `open`. Default `first`: before the first step. */
  readonly opens?: 'first' | 'step';
}

/** What is waited for: `count` more messages with this tag. */
export interface Awaited {
  readonly tag: string;
  readonly count: number;
  /**
   * So many notifications (messages `A`) come during the step as well, before or behind what it waits
   * for: they are waited for, and their lines count as if they had come last. Default: none is waited
   * for, and a notification's place counts.
   */
  readonly notifications?: number;
}

export type Step = SessionStep | AsideStep;

export type SessionStep = { readonly session: string } & (
  | { readonly kind: 'send'; readonly bytes: Buffer; readonly awaits: Awaited }
  | { readonly kind: 'await'; readonly awaits: Awaited }
  /** Connects, for sessions with `opens: 'step'` or after `leave`. */
  | { readonly kind: 'open' }
  /** Terminate, and waits for the close. */
  | { readonly kind: 'leave' }
  /** Waits until the other side has closed. */
  | { readonly kind: 'closed' }
  /** A CancelRequest over a connection of its own, and waits until that is closed. */
  | { readonly kind: 'cancel' }
);

/** Somebody else, a superuser who is connected to PostgreSQL itself. */
export interface AsideStep {
  readonly kind: 'aside';
  readonly sql: string;
  /** `once`, or until the first column of its first row is true. */
  readonly until: 'done' | 'true';
}

/** Where and how pgweir (with `session_state = track`) answers otherwise than PostgreSQL, on purpose. */
export interface KnownDifference {
  readonly reason: string;
  /** Default: both. */
  readonly ways?: readonly Way[];
  /** Default: all. */
  readonly majors?: readonly Major[];
  /**
   * It depends on what the link did before, so each of these steps may also be as it is directly.
   * Default: false, and then a step that is as it is directly is a failure.
   */
  readonly dependsOnLink?: boolean;
  /**
   * By number of the step (from 1, as the transcript counts them): exactly what comes instead, as
   * lines of the short form (of errors, severity and SQLSTATE only). All other steps are equal.
   */
  readonly instead: Readonly<Record<number, readonly string[]>>;
}

/**
 * What one or several sessions do. Played to PostgreSQL itself and through a pooler, all that they can
 * observe must be the same; see `lines.ts` for what counts.
 *
 * Steps are taken one after the other. The scenario must give the same whenever it is played to
 * PostgreSQL itself: no times, no object ids, no process ids among the values, and what comes without
 * being asked for (a notification, a close) must be waited for.
 */
export interface Scenario {
  /** Says what is tried. Unique. */
  readonly name: string;
  /** What the table counts together. */
  readonly group: string;
  /** Default: all. */
  readonly majors?: readonly Major[];
  /** By name. Default: one, `a`, as `app`. */
  readonly sessions?: Readonly<Record<string, SessionSpec>>;
  /** SQL that a superuser runs as `app` with `search_path = own_schema, public`, directly. */
  readonly setup?: string;
  /** SQL for what outlives a DROP of `own_schema`; run directly by a superuser. */
  readonly cleanup?: string;
  readonly steps: readonly (Step | readonly Step[])[];
  /**
   * Links of the pool in which it competes. Default and least: one more than there are sessions, so
   * that all of them may hold one.
   */
  readonly links?: number;
  readonly differences?: readonly KnownDifference[];
}

const FIRST = 'a';

/** One simple query, up to its ReadyForQuery. */
export function simple(sql: string): SessionStep {
  return send('Z', 1, query(sql));
}

/** Each a simple query and a step of its own. */
export function simples(...texts: readonly string[]): readonly SessionStep[] {
  return texts.map(simple);
}

/** Extended messages and a Sync behind them, up to its ReadyForQuery. */
export function group(...frames: readonly Buffer[]): SessionStep {
  return send('Z', 1, ...frames, sync());
}

/** Messages (each a frame of its own) as they are, up to one ReadyForQuery for each Q, S and F. */
export function pipeline(...frames: readonly Buffer[]): SessionStep {
  const owed = frames.filter((each) => 'QSF'.includes(String.fromCharCode(each[0] ?? 0))).length;
  return send('Z', owed, ...frames);
}

/** Parse, Bind, Describe, Execute and Sync of the unnamed statement. */
export function ask(sql: string, values: readonly Value[] = []): SessionStep {
  return group(run(sql, values));
}

/** Messages, up to `count` more with this tag; 0: nothing is waited for. */
export function send(tag: string, count: number, ...frames: readonly Buffer[]): SessionStep {
  return { kind: 'send', session: FIRST, bytes: Buffer.concat(frames), awaits: { tag, count } };
}

/** Until `count` more messages with this tag have come. */
export function until(tag: string, count = 1): SessionStep {
  return { kind: 'await', session: FIRST, awaits: { tag, count } };
}

/** One simple query during which `count` notifications arrive that others have sent before. */
export function simpleNotified(sql: string, count: number): SessionStep {
  const awaits = { tag: 'Z', count: 1, notifications: count };
  return { kind: 'send', session: FIRST, bytes: query(sql), awaits };
}

/** Until `count` more notifications have come. */
export function notified(count = 1): SessionStep {
  return until('A', count);
}

export function open(): SessionStep {
  return { kind: 'open', session: FIRST };
}

export function leave(): SessionStep {
  return { kind: 'leave', session: FIRST };
}

export function closed(): SessionStep {
  return { kind: 'closed', session: FIRST };
}

export function cancel(): SessionStep {
  return { kind: 'cancel', session: FIRST };
}

/** The same steps by another session than `a`. */
export function on(
  session: string,
  ...steps: readonly (SessionStep | readonly SessionStep[])[]
): readonly SessionStep[] {
  return steps.flat().map((step) => ({ ...step, session }));
}

/** A superuser does this meanwhile, on a direct connection with autocommit. Leaves no lines. */
export function aside(sql: string): AsideStep {
  return { kind: 'aside', sql, until: 'done' };
}

/** Repeats a query on the direct connection until the first value of its first row is true. */
export function asideUntil(sql: string): AsideStep {
  return { kind: 'aside', sql, until: 'true' };
}
