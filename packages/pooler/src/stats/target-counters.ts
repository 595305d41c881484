import type { ServerName } from '../ports/names';

/** What has happened at one server for one database, since start. */
export class TargetCounters {
  /** Connections that were asked for, and those of them for which TLS was. */
  requests = 0;
  requestsTls = 0;
  succeeded = 0;
  failed = 0;
  /** Requests of clients that it has answered, and how long that took, in microseconds. */
  replies = 0;
  replyUs = 0;
}

/** The server that one link leads to. */
export interface LinkTarget {
  readonly server: ServerName;
  readonly counters: TargetCounters;
  /** Its `max_connections`, as it has said on this link; 0: it has not, -1: it does not say. */
  allows: number;
}
