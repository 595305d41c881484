import type { ClientId, DaemonSnapshot, UserName } from '@pgweir/pooler';
import { FrameReader, Frontend } from '@pgweir/protocol';
import { AdminConsole } from '../../src/admin/console';

const SNAPSHOT: DaemonSnapshot = {
  state: 'serving',
  clientsTotal: 0,
  linksTotal: 0,
  pools: [],
  stats: [],
  clients: [],
  workers: [],
};
const quiet = (): void => undefined;

/** The tags of the console's answer to a simple query, and how long it took. */
async function ask(sql: string): Promise<{ readonly tags: string; readonly tookMs: number }> {
  const console = new AdminConsole({
    view: async () => SNAPSHOT,
    mayAdmin: () => false,
    mayRead: () => true,
    reload: async () => true,
    shutDown: async () => undefined,
    replaceWorkers: async () => undefined,
    log: { error: quiet, warn: quiet, info: quiet, debug: quiet },
  });
  const startMs = performance.now();
  const answer = await new Promise<Buffer>((resolve, reject) => {
    const session = console.open(
      { id: 1 as ClientId, user: 'ann' as UserName },
      { send: resolve, close: (reason) => reject(new Error(reason)) },
    );
    session.message(Frontend.Query, Buffer.from(`${sql}\0`));
  });
  return { tags: tagsOf(answer), tookMs: performance.now() - startMs };
}

function tagsOf(bytes: Buffer): string {
  const reader = new FrameReader(1 << 20);
  let tags = '';
  for (let at = 0; at < bytes.length; ) {
    at = reader.takeBody(reader.readHeader(bytes, at, bytes.length), bytes.length);
    tags += String.fromCharCode(reader.tag);
  }
  return tags;
}

const many = (text: string, count = 60_000): string => text.repeat(count);

test.each([
  ['spaces in the middle', `SHOW${many(' ')}!`],
  ['spaces of all kinds', `SHOW${many(' \t\n', 20_000)}!`],
  ['spaces around a semicolon', `SHOW${many(' ')};${many(' ')}!`],
  ['spaces before', `${many(' ')}SHOW !`],
  ['semicolons', `SHOW ${many(';')}!`],
  ['quotes', `SHOW ${many("'")}!`],
  ['words', many('SHOW ')],
])('a command with tens of thousands of %s is refused at once', async (_name, sql) => {
  const { tags, tookMs } = await ask(sql);
  expect(tags).toBe('EZ');
  // Seconds, when the time grows with the square of the length.
  expect(tookMs).toBeLessThan(500);
});

test('spaces before, between and behind words and semicolon do not matter', async () => {
  for (const sql of ['SHOW VERSION', ' show \n\t version ', 'show version ;  ', 'Show  Version;']) {
    expect((await ask(sql)).tags).toMatch(/^[TN].*CZ$|^NCZ$/);
  }
});
