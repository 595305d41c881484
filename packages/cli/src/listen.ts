import { lookup } from 'node:dns/promises';
import { chmodSync, chownSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, isIP } from 'node:net';
import type { Address, Logger } from '@pgweir/pooler';
import type { ListenSettings } from './config/daemon-config';
import type { InheritedSocket } from './restart/predecessor';
import type { GivenSocket } from './service/given-sockets';
import { systemCalls } from './system-calls';
import type { GivenPort } from './workers/shared-ports';

/**
 * Opens one port, or takes a descriptor that listens there already.
 *
 * @throws the system's error with `code`
 */
export type OpenPort = (address: Address, backlog: number, given?: GivenPort) => Promise<unknown>;

interface Ports {
  readonly settings: ListenSettings;
  /** Of the service manager. */
  readonly givenSockets: readonly GivenSocket[];
  /** Of the daemon before this one. */
  readonly inherited: readonly InheritedSocket[];
  readonly log: Logger;
}

/**
 * Listens on the sockets of the service manager; where there are none, at every configured port, on what
 * the daemon before this one has there.
 *
 * @throws Error with a text for the operator; nothing is open then
 */
export async function openPorts(openPort: OpenPort, ports: Ports): Promise<void> {
  const { settings, givenSockets, inherited, log } = ports;
  if (inherited.some(({ given }) => given)) {
    // As the service manager has opened them for the daemon before: the settings do not count.
    for (const socket of inherited) await takeOver(openPort, socket, ports);
    return;
  }
  if (givenSockets.length === 0) return await openListeners(openPort, ports);
  const ignored = (name: string): void => {
    log.warn(`sockets passed from service manager, ${name} ignored`);
  };
  if (settings.addresses.length > 0) ignored('listen_addr');
  if (settings.unixSocketDir !== undefined) ignored('unix_socket_dir');
  for (const { address, descriptor } of givenSockets) {
    await openPort(address, settings.backlog, { descriptor, isOurs: false });
    log.info(`listening on ${shown(address)}, passed from service manager`);
  }
}

async function takeOver(
  openPort: OpenPort,
  { address, descriptor, given }: InheritedSocket,
  { settings, log }: Ports,
): Promise<void> {
  await openPort(address, settings.backlog, { descriptor, isOurs: !given });
  if (address.kind === 'unix' && !given && !address.path.startsWith('@')) {
    setMode(address.path, settings);
  }
  log.info(`listening on ${shown(address)}, taken over`);
}

function shown(address: Address): string {
  return address.kind === 'unix' ? address.path : `${address.host}:${address.port}`;
}

/**
 * Opens every configured port, or none.
 *
 * @throws Error with a text for the operator
 */
async function openListeners(openPort: OpenPort, ports: Ports): Promise<void> {
  const { settings, log } = ports;
  const tcp = await tcpAddresses(settings);
  if (tcp.length === 0 && settings.unixSocketDir === undefined)
    throw new Error('nowhere to listen on');
  if (settings.unixSocketDir !== undefined) {
    const path = `${settings.unixSocketDir}/.s.PGSQL.${settings.port}`;
    if (!(await inherit(openPort, ports, { kind: 'unix', path }))) {
      await listenUnix(openPort, settings, { path, log });
    }
  }
  for (const address of tcp) {
    if (await inherit(openPort, ports, address)) continue;
    try {
      await openPort(address, settings.backlog);
      log.info(`listening on ${address.host}:${address.port}`);
    } catch (error) {
      if (address.host === '::' && codeOf(error) === 'EAFNOSUPPORT') continue;
      throw new Error(tcpProblem(address, error), { cause: error });
    }
  }
  for (const { address, descriptor } of ports.inherited) {
    if (address.kind === 'unix' || tcp.some((wanted) => shown(wanted) === shown(address))) continue;
    // Nobody would accept there.
    systemCalls().close(descriptor);
    log.info(`not listening on ${shown(address)} any more`);
  }
}

/** Takes over every socket that the daemon before has there. @returns false: it has none */
async function inherit(openPort: OpenPort, ports: Ports, address: Address): Promise<boolean> {
  const there = ports.inherited.filter((socket) => shown(socket.address) === shown(address));
  for (const socket of there) await takeOver(openPort, socket, ports);
  return there.length > 0;
}

type TcpAddress = Extract<Address, { kind: 'tcp' }>;

function tcpProblem(address: TcpAddress, error: unknown): string {
  const where = `${address.host}:${address.port}`;
  if (codeOf(error) === 'EADDRINUSE') {
    return `cannot listen on ${where}: the port is taken (choose another one with listen_port)`;
  }
  return `cannot listen on ${where}: ${error instanceof Error ? error.message : String(error)}`;
}

async function tcpAddresses(settings: ListenSettings): Promise<readonly TcpAddress[]> {
  const hosts: string[] = [];
  for (const name of settings.addresses) {
    if (name === '*') hosts.push('0.0.0.0', '::');
    else if (isIP(name) !== 0) hosts.push(name);
    else hosts.push(...(await lookup(name, { all: true })).map((found) => found.address));
  }
  return [...new Set(hosts)].map((host) => ({ kind: 'tcp', host, port: settings.port }));
}

async function listenUnix(
  openPort: OpenPort,
  settings: ListenSettings,
  { path, log }: { readonly path: string; readonly log: Logger },
): Promise<void> {
  const abstract = path.startsWith('@');
  const found = abstract ? undefined : lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined) {
    if (!found.isSocket()) throw new Error(`${path} exists and is no socket, cannot continue`);
    if (await answers(path)) throw new Error(`unix socket ${path} is in use, cannot continue`);
    unlinkSync(path);
  }
  try {
    await openPort({ kind: 'unix', path }, settings.backlog);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`failed to create unix socket: ${reason}`, { cause: error });
  }
  if (!abstract) setMode(path, settings);
  log.info(`listening on ${path}`);
}

function setMode(path: string, { unixSocketMode: mode, unixSocketGroup: group }: ListenSettings) {
  chmodSync(path, mode);
  if (group !== undefined) chownSync(path, -1, group.gid);
}

/** Somebody accepts on this socket: it is not a leftover. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
