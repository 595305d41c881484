import type { IncomingHttpHeaders } from 'node:http';

/** What somebody asks over HTTP, read as a whole and within all limits. */
export interface HttpRequest {
  /** HEAD is asked as GET. */
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The address that it comes from. */
  readonly from: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** Content-Type. */
  readonly type: string;
  readonly body: string | Buffer;
  /** Over those that every answer has. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** @returns undefined: there is nothing at this path just now */
export type Handler = (
  request: HttpRequest,
) => HttpAnswer | undefined | Promise<HttpAnswer | undefined>;

/** What may be asked at one path, by method. */
export type Route = Readonly<Partial<Record<HttpRequest['method'], Handler>>>;

/** By path. */
export type Routes = ReadonlyMap<string, Route>;

/** One line of text. */
export function plainAnswer(
  status: number,
  line: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return { status, type: 'text/plain; charset=utf-8', body: `${line}\n`, headers };
}

export function jsonAnswer(status: number, value: unknown): HttpAnswer {
  return { status, type: 'application/json', body: `${JSON.stringify(value)}\n` };
}
