import { setTimeout as pause } from 'node:timers/promises';
import type { Holds, Logger } from '@pgweir/pooler';
import type { ConsoleCommands } from '../admin/commands';
import type { DaemonConfig } from '../config/daemon-config';
import { type HttpAddress, shownAddress } from '../config/http-address';
import { DashboardDoor } from '../dashboard/dashboard-door';
import { errorCode, reasonOf } from '../system-error';
import type { HttpServer } from './http-server';
import { daemonRoutesModule, httpServerModule } from './library';
import type { Routes } from './route';

interface HttpDoorNeeds {
  readonly commands: ConsoleCommands;
  readonly config: () => DaemonConfig;
  readonly log: Logger;
  readonly holds: () => Holds;
  /** Some process carries traffic. */
  readonly isCarried: () => boolean;
  readonly stopping: () => boolean;
  /** Another daemon may have the port, until it has been taken over from. */
  readonly takesOver: boolean;
}

const AGAIN_MS = 50;
/** For the daemon before this one to let go of the port. */
const TAKE_OVER_MS = 30_000;

/**
 * Where HTTP is served, by the setting `metrics_addr`: opens, moves and closes it. There is one in a
 * daemon, however many workers it has. Nothing of HTTP is loaded before it is asked for.
 */
export class HttpDoor {
  readonly #needs: HttpDoorNeeds;
  #server: HttpServer | undefined;
  #routes: Routes | undefined;
  readonly #dashboard: DashboardDoor;
  #phase: 'starting' | 'serving' | 'closed' = 'starting';
  /** Changes are one after the other. */
  #changes: Promise<void> = Promise.resolve();

  constructor(needs: HttpDoorNeeds) {
    this.#needs = needs;
    this.#dashboard = new DashboardDoor(needs);
  }

  /**
   * Before the daemon serves. What the daemon before this one still has is opened later.
   *
   * @throws Error with a text for the operator
   */
  async open(): Promise<void> {
    const { address } = this.#needs.config().http;
    if (address === undefined) return;
    this.#dashboard.follow();
    try {
      await this.#listen(address);
    } catch (error) {
      if (this.#needs.takesOver && errorCode(error) === 'EADDRINUSE') return;
      throw new Error(problem(address, error), { cause: error });
    }
  }

  /** The daemon serves, alone. */
  up(): void {
    this.#phase = 'serving';
    this.#inTurn(() => this.#follow(this.#needs.takesOver ? TAKE_OVER_MS : 0));
  }

  /** The configuration has changed. */
  reconfigure(): void {
    this.#dashboard.follow();
    this.#inTurn(() => this.#follow(0));
  }

  /** For good: the daemon ends, or another one serves. */
  async close(): Promise<void> {
    this.#phase = 'closed';
    const server = this.#server;
    this.#server = undefined;
    this.#dashboard.close();
    await Promise.all([server?.close(), this.#changes]);
  }

  #inTurn(change: () => Promise<void>): void {
    this.#changes = this.#changes.then(change);
  }

  /** Goes to where the configuration wants it; stays where it is when that cannot be had. */
  async #follow(withinMs: number): Promise<void> {
    const { log } = this.#needs;
    const { address } = this.#needs.config().http;
    if (isSame(address, this.#server?.address)) return;
    const before = this.#server;
    try {
      if (address !== undefined) await this.#listenWithin(address, withinMs);
      else this.#server = undefined;
    } catch (error) {
      log.error(problem(address, error));
      return;
    }
    if (before === undefined) return;
    await before.close();
    log.info(`http: not listening on ${shownAddress(before.address)} any more`);
  }

  async #listenWithin(address: HttpAddress, withinMs: number): Promise<void> {
    const endMs = performance.now() + withinMs;
    for (;;) {
      try {
        return await this.#listen(address);
      } catch (error) {
        if (errorCode(error) !== 'EADDRINUSE' || performance.now() >= endMs) throw error;
      }
      await pause(AGAIN_MS, undefined, { ref: false });
    }
  }

  /** @throws the system's error */
  async #listen(address: HttpAddress): Promise<void> {
    if (this.#isClosed) return;
    const { log } = this.#needs;
    this.#routes ??= this.#makeRoutes();
    const { HttpServer } = httpServerModule();
    const server = await HttpServer.listen(address, { routes: this.#routes, log });
    // It may have been closed in the meantime.
    if (this.#isClosed) return await server.close();
    this.#server = server;
    log.info(`http: listening on ${shownAddress({ host: address.host, port: server.port })}`);
  }

  get #isClosed(): boolean {
    return this.#phase === 'closed';
  }

  #makeRoutes(): Routes {
    const { daemonRoutes } = daemonRoutesModule();
    const { commands, config, holds, isCarried, log, stopping } = this.#needs;
    return daemonRoutes({
      ...{ commands, config, log, dashboard: this.#dashboard },
      standing: () => ({
        phase: stopping() ? 'draining' : this.#phase === 'starting' ? 'starting' : 'serving',
        holds: holds(),
        isCarried: isCarried(),
      }),
    });
  }
}

function isSame(a: HttpAddress | undefined, b: HttpAddress | undefined): boolean {
  return a?.host === b?.host && a?.port === b?.port;
}

function problem(address: HttpAddress | undefined, error: unknown): string {
  const where = address === undefined ? '' : ` on ${shownAddress(address)}`;
  const why = errorCode(error) === 'EADDRINUSE' ? 'the port is taken' : reasonOf(error);
  return `cannot listen${where} (metrics_addr): ${why}`;
}
