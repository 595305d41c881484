import { startCluster } from '../cluster';
import { startDaemon } from '../daemon';
import type { Major } from '../postgres/binaries';
import { Random } from '../random';
import { type BackendMessage, noticeFields } from '../wire/backend-message';
import { RawClient, type RawTarget } from '../wire/raw-client';
import { type Pipeline, randomPipeline } from './pipelines';

export interface PipelineFuzzOptions {
  /** It ends when this time is over, or so many pipelines have been sent (default: no limit). */
  readonly seconds: number;
  readonly pipelines?: number;
  readonly seed: number;
  /** Default 18. */
  readonly major?: Major;
  /** More lines for pgweir's configuration. */
  readonly extraLines?: readonly string[];
}

export interface PipelineFuzzReport {
  readonly pipelines: number;
  /** What was answered otherwise, with what the sessions had sent before; empty: nothing. */
  readonly differences: readonly string[];
}

const SESSIONS = ['x', 'y', 'z'] as const;
type Name = (typeof SESSIONS)[number];
/** In some lives it may keep its link beyond its transactions. */
const PINNED: Name = 'x';
const PINS_CHANCE = 0.5;

/** Fewer than sessions, and each transaction gets another one. */
const LINKS = 2;
/** After so many pipelines all sessions are new. */
const LIFE = 40;
const HISTORY_SHOWN = 25;
const STAYS_CHANCE = 0.4;

/**
 * Sends random pipelines of some sessions, one after the other, to PostgreSQL itself and to pgweir in
 * transaction mode, where they share fewer links, and compares all answers. Ends at the first difference.
 *
 * Not among the statements is what differs by design: see `docs/session-state.md`.
 */
export async function checkPipelines(options: PipelineFuzzOptions): Promise<PipelineFuzzReport> {
  const { major = 18, extraLines = [], seconds, pipelines: most = Infinity } = options;
  const cluster = await startCluster({
    major,
    settings: { max_connections: '30', TimeZone: 'UTC' },
    users: [{ name: 'app' }],
    databases: [{ name: 'app', owner: 'app' }],
  });
  try {
    const { host, port } = cluster.primary;
    const daemon = await startDaemon({
      config: [
        '[databases]',
        `app = host=127.0.0.1 port=${port} pool_size=${LINKS}`,
        '[pgbouncer]',
        'listen_addr = 127.0.0.1',
        'listen_port = {port}',
        'unix_socket_dir =',
        'auth_type = trust',
        'auth_file = {dir}/userlist.txt',
        'pool_mode = transaction',
        'server_round_robin = 1',
        'log_connections = 0',
        'log_disconnections = 0',
        ...extraLines,
        '',
      ].join('\n'),
      userlist: '"app" ""\n',
    });
    try {
      const endMs = Date.now() + seconds * 1000;
      let pipelines = 0;
      for (let life = 0; Date.now() < endMs && pipelines < most; life++) {
        const random = new Random(options.seed + life * 7919);
        const difference = await oneLife(random, { host, port }, daemon);
        pipelines += LIFE;
        if (difference === undefined) continue;
        const title = `seed ${options.seed + life * 7919}`;
        return { pipelines, differences: [`${title}\n${difference}`] };
      }
      return { pipelines, differences: [] };
    } finally {
      await daemon.stop();
    }
  } finally {
    await cluster.stop();
  }
}

/** @returns what was different, and what went before */
async function oneLife(
  random: Random,
  direct: RawTarget,
  through: RawTarget,
): Promise<string | undefined> {
  const pairs = new Map<Name, readonly [RawClient, RawClient]>();
  const history: string[] = [];
  const open = new Set<Name>();
  const pins = random.chance(PINS_CHANCE);
  const rollback = async (name: Name): Promise<void> => {
    for (const client of pairs.get(name) ?? []) await client.query('ROLLBACK');
    open.delete(name);
    history.push(`${name}: rolled back`);
  };
  try {
    for (const name of SESSIONS) pairs.set(name, [await connect(direct), await connect(through)]);
    for (let count = 0; count < LIFE; count++) {
      const name = random.pick(SESSIONS);
      const pipeline = randomPipeline(random, { pins: pins && name === PINNED });
      const [wanted = '', found] = await Promise.all(
        (pairs.get(name) ?? []).map((client) => answersOf(client, pipeline)),
      );
      history.push(`${name}: ${pipeline.text}`, `   ${wanted}`);
      if (found !== wanted) {
        history.push(`!! ${found}`);
        return history.slice(-HISTORY_SHOWN).join('\n');
      }
      if (wanted.endsWith('ZI')) open.delete(name);
      else open.add(name);
      if (open.has(name) && !random.chance(STAYS_CHANCE)) await rollback(name);
      // Somebody has to have a link.
      const holders = pins ? new Set([...open, PINNED]) : open;
      if (holders.size >= LINKS) for (const each of [...open]) await rollback(each);
    }
    return undefined;
  } finally {
    for (const pair of pairs.values()) for (const client of pair) client.destroy();
  }
}

async function connect(target: RawTarget): Promise<RawClient> {
  const client = await RawClient.connect(target);
  await client.login({ user: 'app', database: 'app' });
  return client;
}

async function answersOf(client: RawClient, { bytes, groups }: Pipeline): Promise<string> {
  client.send(bytes);
  const answers: string[] = [];
  for (let count = 0; count < groups; count++) {
    for (const message of await client.until('Z')) {
      // When PostgreSQL reports a setting is up to it.
      if (message.tag !== 'S') answers.push(shown(message));
    }
  }
  return answers.join(' ');
}

function shown(message: BackendMessage): string {
  const { tag, body } = message;
  if (tag === 'E' || tag === 'N') return `${tag}${noticeFields(message).C}`;
  if (tag === 'Z') return `Z${body.toString()}`;
  if (tag === 'D' || tag === 'C')
    return `${tag}(${body.toString('latin1').replace(/[^ -~]+/g, ' ')})`;
  return tag;
}
