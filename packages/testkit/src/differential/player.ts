import { Random } from '../random';
import { int32 } from '../wire/frontend';
import { cancelPacket, type LoginResult } from '../wire/login';
import { RawClient } from '../wire/raw-client';
import type { Pace, Script, StartupStep, Step } from './script';
import { inShort, linesOf, type Transcript } from './transcript';

/** Who is played to, and as whom. */
export interface PlayTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password?: string;
}

export interface PlayOptions {
  /** For each step that waits. Default 10,000. */
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 10_000;

/** Plays a script over a new connection. Never throws for what the other side does. */
export async function play(
  script: Script,
  target: PlayTarget,
  options: PlayOptions = {},
): Promise<Transcript> {
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  let client: RawClient | undefined;
  const player: { bytes: string[]; skip: number } = { bytes: [], skip: 0 };
  let end: Transcript['end'] = { kind: 'played' };
  try {
    client = await RawClient.connect(target);
    const login = await loginFor(script, client, target);
    player.skip = client.messages.length;
    for (const step of script.steps.flat())
      player.bytes.push(...(await take(step, { client, target, login, deadlineMs })));
    await leave(client, deadlineMs);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    end = { kind: client?.isClosed === true ? 'early' : 'stuck', why };
  } finally {
    client?.destroy();
  }
  const lines = [...player.bytes, ...linesOf(client?.messages.slice(player.skip) ?? [])];
  if (end.kind !== 'stuck') lines.push('closed');
  const { compare = 'exact', normalise = (line: string) => line } = script;
  return {
    lines: lines.flatMap((line) => normalise(compare === 'codes' ? inShort(line) : line) ?? []),
    end,
  };
}

interface Playing {
  readonly client: RawClient;
  readonly target: PlayTarget;
  readonly login: LoginResult | undefined;
  readonly deadlineMs: number;
}

async function loginFor(
  script: Script,
  client: RawClient,
  { user, database, password }: PlayTarget,
): Promise<LoginResult | undefined> {
  const { login = 'ordinary' } = script;
  if (login === 'none') return undefined;
  const options = { user, database, ...(password === undefined ? {} : { password }) };
  if (login === 'ordinary') return await client.login(options);
  return await client.login({
    ...options,
    protocol: login.minor === 2 ? '3.2' : '3.0',
    parameters: login.replication === undefined ? {} : { replication: login.replication },
  });
}

/** @returns lines about bytes outside any message */
async function take(step: Step, playing: Playing): Promise<string[]> {
  const { client, target, deadlineMs } = playing;
  switch (step.kind) {
    case 'send':
      await sendAt(step.pace, step.bytes, client);
      return [];
    case 'startup':
      await sendAt(step.pace, startupBytes(step.startup, target), client);
      return [];
    case 'until': {
      let left = step.count;
      if (left === 0) return [];
      await client.until(({ tag }) => tag === step.tag && --left === 0, { deadlineMs });
      return [];
    }
    case 'closed':
      await closeOf(client, deadlineMs);
      return [];
    case 'byte':
      return [`byte ${await client.exchangeByte(step.bytes)}`];
    case 'cancel':
      await sendCancel(step.key, playing);
      return [];
    case 'halfClose':
      client.socket.end();
      return [];
    default:
      return unreachable(step);
  }
}

async function sendAt(pace: Pace, bytes: Buffer, client: RawClient): Promise<void> {
  if (pace === 'whole') {
    client.send(bytes);
    return;
  }
  const random = pace === 'bytes' ? undefined : new Random(pace.seed);
  const piecesMax = pace === 'bytes' ? 1 : pace.bytesMax;
  for (let at = 0; at < bytes.length; ) {
    const length = random?.between(1, piecesMax) ?? 1;
    await client.flushed(bytes.subarray(at, at + length));
    at += length;
  }
}

function startupBytes(step: StartupStep, target: PlayTarget): Buffer {
  const user = step.user === undefined ? target.user : step.user;
  const all = {
    ...(user === null ? {} : { user }),
    database: step.database ?? target.database,
    ...step.parameters,
  };
  const pairs = Object.entries(all).map(([name, value]) => `${name}\0${value}\0`);
  const body = Buffer.from(`${pairs.join('')}\0`);
  const version = ((step.major ?? 3) << 16) | (step.minor ?? 0);
  return Buffer.concat([int32(body.length + 8), int32(version), body]);
}

async function sendCancel(key: 'own' | 'wrong', playing: Playing): Promise<void> {
  const { login } = playing;
  if (login === undefined) throw new Error('a cancel needs a login');
  const secret = Buffer.from(login.cancelKey);
  if (key === 'wrong') secret.writeUInt8((secret.readUInt8(0) + 1) & 0xff, 0);
  const other = await RawClient.connect(playing.target);
  try {
    other.send(cancelPacket(login.processId, secret));
    await closeOf(other, playing.deadlineMs);
  } finally {
    other.destroy();
  }
}

async function leave(client: RawClient, deadlineMs: number): Promise<void> {
  if (!client.isClosed && client.socket.writable)
    client.socket.end(Buffer.from('5800000004', 'hex'));
  await closeOf(client, deadlineMs);
}

/** Waits for the other side's close. @throws Error when the deadline passes first */
export async function closeOf(client: RawClient, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), deadlineMs);
  });
  const how = await Promise.race([client.closed, late]);
  clearTimeout(timer);
  if (how === 'late') throw new Error(`${deadlineMs} ms passed while waiting for the close`);
}

function unreachable(step: never): never {
  throw new Error(`unknown step ${JSON.stringify(step)}`);
}
