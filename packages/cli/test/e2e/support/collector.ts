import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

type Value = string | number | boolean;

/** A span as the collector has got it, with what is around it. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly durationMs: number;
  readonly startedAtMs: number;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly resource: Readonly<Record<string, Value>>;
  readonly events: readonly string[];
  readonly links: readonly string[];
  /** Undefined: it is no error. */
  readonly error: string | undefined;
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, Value>>;
}

interface JsonSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
  readonly events: readonly { readonly name: string }[];
  readonly links: readonly { readonly spanId: string }[];
  readonly status: { readonly code: number; readonly message?: string };
}

interface JsonBody {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly JsonSpan[] }[];
  }[];
}

const STATUS_ERROR = 2;

/** Takes spans as a collector of OpenTelemetry does (OTLP over HTTP, in JSON), or does not. */
export class Collector {
  readonly spans: ReceivedSpan[] = [];
  /** Of all requests. */
  readonly headers: IncomingHttpHeaders[] = [];
  /** Everything that was sent. */
  text = '';
  /** `silent`: it never answers. */
  mood: number | 'silent' = 200;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.headers.push(request.headers);
        this.#take(Buffer.concat(chunks).toString('utf8'), response);
      });
    });
  }

  static async open(): Promise<Collector> {
    const collector = new Collector();
    await new Promise<void>((resolve) => {
      collector.#server.listen(0, '127.0.0.1', resolve);
    });
    return collector;
  }

  get url(): string {
    // It listens on TCP.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/traces`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #take(text: string, response: ServerResponse): void {
    this.text += text;
    if (this.mood === 'silent') return;
    if (this.mood === 200) this.spans.push(...spansIn(JSON.parse(text)));
    response.writeHead(this.mood, { 'content-type': 'application/json' }).end('{}');
  }
}

function spansIn({ resourceSpans }: JsonBody): readonly ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => spanOf(span, record(resource.attributes))),
    ),
  );
}

function spanOf(span: JsonSpan, resource: Readonly<Record<string, Value>>): ReceivedSpan {
  const { endTimeUnixNano: end, startTimeUnixNano: start, status } = span;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? '',
    name: span.name,
    durationMs: Number(BigInt(end) - BigInt(start)) / 1e6,
    startedAtMs: Number(BigInt(start) / 1_000_000n),
    attributes: record(span.attributes),
    resource,
    events: span.events.map(({ name }) => name),
    links: span.links.map(({ spanId }) => spanId),
    error: status.code === STATUS_ERROR ? (status.message ?? '') : undefined,
  };
}

function record(pairs: readonly KeyValue[]): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => {
      const [first] = Object.values(value);
      return [key, first ?? ''];
    }),
  );
}
