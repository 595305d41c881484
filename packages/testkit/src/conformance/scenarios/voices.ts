import type { Value } from '../../wire/frontend';
import {
  ask,
  group,
  leave,
  notified,
  on,
  open,
  pipeline,
  type SessionSpec,
  type SessionStep,
  send,
  simpleNotified,
  simples,
  until,
} from '../scenario';

type Steps = readonly SessionStep[];

/** The steps of one session, for scenarios in which several speak. */
export interface Voice {
  /** Each a simple query and a step of its own. */
  query(...texts: readonly string[]): Steps;
  /** Parse, Bind, Describe, Execute and Sync of the unnamed statement. */
  ask(sql: string, values?: readonly Value[]): Steps;
  /** Extended messages and a Sync behind them. */
  group(...frames: readonly Buffer[]): Steps;
  /** Messages as they are, up to one ReadyForQuery for each that asks for one. */
  pipeline(...frames: readonly Buffer[]): Steps;
  /** Messages, up to `count` more with this tag; 0: nothing is waited for. */
  send(tag: string, count: number, ...frames: readonly Buffer[]): Steps;
  until(tag: string, count?: number): Steps;
  notified(count?: number): Steps;
  /** One simple query during which `count` notifications arrive that others have sent before. */
  queryNotified(text: string, count: number): Steps;
  open(): Steps;
  leave(): Steps;
}

function voice(session: string): Voice {
  return {
    query: (...texts) => on(session, simples(...texts)),
    ask: (sql, values) => on(session, ask(sql, values)),
    group: (...frames) => on(session, group(...frames)),
    pipeline: (...frames) => on(session, pipeline(...frames)),
    send: (tag, count, ...frames) => on(session, send(tag, count, ...frames)),
    until: (tag, count) => on(session, until(tag, count)),
    notified: (count) => on(session, notified(count)),
    queryNotified: (text, count) => on(session, simpleNotified(text, count)),
    open: () => on(session, open()),
    leave: () => on(session, leave()),
  };
}

export const a = voice('a');
export const b = voice('b');
export const c = voice('c');

/** `sessions` of a scenario in which `a` and `b` speak. */
export const TWO: Readonly<Record<string, SessionSpec>> = { a: {}, b: {} };
export const THREE: Readonly<Record<string, SessionSpec>> = { a: {}, b: {}, c: {} };
