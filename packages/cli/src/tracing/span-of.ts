import type { Attributes, Context, SpanContext, SpanOptions } from '@opentelemetry/api';
import type { Address, ObservedTransaction, TraceParent } from '@pgweir/pooler';
import type { TracingLibrary } from './library';

type Api = TracingLibrary['api'];

/** What a span says, by the conventions of OpenTelemetry where there are any. */
export interface SpanText {
  readonly name: string;
  readonly options: SpanOptions;
  readonly events: readonly SpanEvent[];
  /** Undefined: it went well. */
  readonly error: string | undefined;
}

interface SpanEvent {
  readonly event: string;
  readonly atMs: number;
  readonly attributes: Attributes;
}

/**
 * The span of one transaction.
 *
 * @see OpenTelemetry semantic conventions, database client calls (PostgreSQL)
 */
export function spanOf(transaction: ObservedTransaction, api: Api): SpanText {
  const { database, isCut, others, sqlstate, startedAtMs } = transaction;
  const error = errorOf(transaction);
  return {
    name: `transaction ${database}`,
    options: {
      kind: api.SpanKind.CLIENT,
      startTime: startedAtMs,
      attributes: { ...attributesOf(transaction), ...errorAttributes(sqlstate, isCut) },
      links: others.map((other) => ({ context: contextOf(other) })),
    },
    events: eventsOf(transaction),
    error,
  };
}

/** Where it belongs. */
export function parentOf({ parent }: ObservedTransaction, api: Api): Context {
  if (parent === undefined) return api.ROOT_CONTEXT;
  return api.trace.setSpanContext(api.ROOT_CONTEXT, contextOf(parent));
}

function contextOf({ traceId, spanId, isSampled }: TraceParent): SpanContext {
  return { traceId, spanId, traceFlags: isSampled ? 1 : 0, isRemote: true };
}

function attributesOf(transaction: ObservedTransaction): Attributes {
  const { server } = transaction;
  return {
    'db.system.name': 'postgresql',
    'db.namespace': transaction.database,
    'pgweir.user': transaction.user,
    ...placeOf('client', transaction.clientAddress),
    ...(server === undefined
      ? {}
      : {
          'server.address': server.host,
          ...(server.address.kind === 'tcp' ? { 'server.port': server.address.port } : {}),
          ...placeOf('network.peer', server.address),
          'pgweir.server.role': server.role,
          'pgweir.server.pid': server.processId,
        }),
    'pgweir.client': transaction.client,
    'pgweir.application_name': transaction.applicationName,
    'pgweir.pool_mode': transaction.poolMode,
    'pgweir.statements': transaction.statements,
    'pgweir.wait_ms': rounded(transaction.waitMs),
    'pgweir.server_ms': rounded(transaction.serverMs),
    'pgweir.client_ms': rounded(transaction.clientMs),
    'pgweir.lost_links': transaction.lostLinks,
  };
}

function placeOf(whose: string, address: Address): Attributes {
  if (address.kind === 'tcp')
    return { [`${whose}.address`]: address.host, [`${whose}.port`]: address.port };
  return { [`${whose}.address`]: address.path === '' ? 'unix' : address.path };
}

function errorAttributes(sqlstate: string | undefined, isCut: boolean): Attributes {
  if (sqlstate !== undefined)
    return { 'error.type': sqlstate, 'db.response.status_code': sqlstate };
  return isCut ? { 'error.type': 'session_closed' } : {};
}

function errorOf({ isCut, sqlstate }: ObservedTransaction): string | undefined {
  if (sqlstate !== undefined) return `SQLSTATE ${sqlstate}`;
  return isCut ? 'the session was closed in the middle of it' : undefined;
}

function eventsOf({ leasedAtMs, lostAtMs, lostLinks }: ObservedTransaction): readonly SpanEvent[] {
  const events: SpanEvent[] = [];
  if (leasedAtMs !== undefined)
    events.push({ event: 'pgweir.leased', atMs: leasedAtMs, attributes: {} });
  if (lostAtMs !== undefined) {
    const attributes = { 'pgweir.lost_links': lostLinks };
    events.push({ event: 'pgweir.link_lost', atMs: lostAtMs, attributes });
  }
  return events;
}

/** Whole microseconds. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
