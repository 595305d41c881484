import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A Docker engine that answers. */
export interface Engine {
  /** As DOCKER_HOST has it. */
  readonly host: string;
  /** Ends it, its containers and their files, if it is ours. */
  stop(): Promise<void>;
}

/** `why`: there is none, for those who read that a test was skipped. */
export type FoundEngine = Engine | { readonly why: string };

const USUAL_SOCKET = '/var/run/docker.sock';
const START_MS = 15_000;
const PING_EVERY_MS = 100;

/**
 * The engine of DOCKER_HOST or the usual socket, or one that is started here for as long as this process
 * lives: by root, where `dockerd` is installed. That one touches neither the firewall nor the networks of
 * this host: its containers have the network of the host, or none. Blocks until the engine answers,
 * because whether tests are skipped has to be known before they are declared.
 */
export function findEngine(): FoundEngine {
  const given = process.env.DOCKER_HOST ?? `unix://${USUAL_SOCKET}`;
  if (process.env.DOCKER_HOST !== undefined || existsSync(USUAL_SOCKET)) {
    if (answers(given)) return { host: given, stop: async () => undefined };
    return { why: `nothing that this user may use answers on ${given}` };
  }
  const program = onPath('dockerd');
  if (program === undefined) return { why: 'there is no Docker engine, and no dockerd to start' };
  if (process.getuid?.() !== 0)
    return { why: 'there is no Docker engine, and only root starts one' };
  return startEngine(program);
}

/**
 * The guard: it starts the engine and reads from a pipe which we hold. However we end, the pipe ends with
 * us. The engine then stops its containers; what is left of it after twenty seconds is killed, and what it
 * has mounted and left is undone.
 */
const GUARD = `
dir=$1; shift
"$@" >"$dir/log" 2>&1 </dev/null &
pid=$!
read -r _
kill -TERM "$pid" 2>/dev/null
n=0
while kill -0 "$pid" 2>/dev/null && [ "$n" -lt 200 ]; do sleep 0.1; n=$((n+1)); done
kill -KILL "$pid" 2>/dev/null
wait "$pid"
while read -r _ place _; do case "$place" in "$dir"/*) umount "$place";; esac; done </proc/mounts
rm -rf "$dir"
`;

function startEngine(program: string): FoundEngine {
  const dir = mkdtempSync(join(tmpdir(), 'pgweir-docker-'));
  const host = `unix://${join(dir, 'docker.sock')}`;
  const flags = [
    ...['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec')],
    ...['--pidfile', join(dir, 'pid'), '-H', host, '--bridge=none', '--shutdown-timeout=5'],
    ...['--iptables=false', '--ip6tables=false', '--ip-masq=false', '--ip-forward=false'],
  ];
  const guard = spawn('/bin/sh', ['-c', GUARD, 'pgweir-docker', dir, program, ...flags], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  const started = Date.now();
  while (!answers(host)) {
    if (Date.now() - started < START_MS) continue;
    const log = join(dir, 'log');
    const [reason = 'nothing was said'] = existsSync(log) ? lastLines(log) : [];
    void stopGuard(guard, dir);
    return { why: `dockerd does not start: ${reason}` };
  }
  return { host, stop: () => stopGuard(guard, dir) };
}

async function stopGuard(guard: ChildProcess, dir: string): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    if (guard.exitCode !== null) resolve();
    else guard.once('exit', () => resolve());
  });
  guard.stdin?.end();
  await ended;
  rmSync(dir, { recursive: true, force: true });
}

function lastLines(file: string): string[] {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-1);
}

const PING = `
const [host, wait] = process.argv.slice(1);
const { hostname, port } = host.startsWith('unix:') ? {} : new URL(host.replace(/^tcp:/, 'http:'));
const where = hostname === undefined ? { socketPath: host.slice('unix://'.length) } : { host: hostname, port };
const end = (code) => setTimeout(() => process.exit(code), code === 0 ? 0 : Number(wait));
require('node:http').get({ ...where, path: '/_ping', timeout: 2000 }, ({ statusCode }) => end(statusCode === 200 ? 0 : 1))
  .on('timeout', () => end(1)).on('error', () => end(1));
`;

/** Asks once, in a process of its own: this one must not go on. A failure takes a moment. */
function answers(host: string): boolean {
  const args = ['-e', PING, host, String(PING_EVERY_MS)];
  return spawnSync(process.execPath, args, { timeout: START_MS }).status === 0;
}

function onPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
