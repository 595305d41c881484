import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, type Daemon, freePort, startCluster, startDaemon } from '@pgweir/testkit';
import { ROOT, readPages } from './pages';

/** What the README has its reader put into two files. */
export interface ReadmeFiles {
  readonly ini: string;
  readonly userlist: string;
}

/** A reader's own database, with a pgweir before it that has the files of the README. */
export interface ReadmeStage {
  readonly cluster: Cluster;
  readonly daemon: Daemon;
  readonly passwords: ReadonlyMap<string, string>;
  stop(): Promise<void>;
}

/** The user that the application of the README logs in as. */
export const APPLICATION = 'app_user';
/** Where the README has the page and the metrics. */
export const README_HTTP = '127.0.0.1:9930';

/** @throws Error when the README has no block of that language with these words in it any more */
export function readmeBlock(language: string, words: string): string {
  const blocks = readPages().find(({ name }) => name === 'README.md')?.blocks ?? [];
  const block = blocks.find((each) => each.language === language && each.text.includes(words));
  if (block === undefined) throw new Error(`README.md has no ${language} with "${words}" in it`);
  return block.text;
}

export function readmeFiles(): ReadmeFiles {
  const userlist = readmeBlock('userlist', '; userlist.txt');
  return { ini: readmeBlock('ini', '; pgweir.ini'), userlist };
}

/** Where things are on this machine. */
export interface Places {
  readonly server: { readonly host: string; readonly port: number };
  readonly port: number | string;
  readonly httpPort: number;
  readonly socketDir: string;
}

/** The README's `pgweir.ini`, in which only the places are those of this machine. */
export function placedIni({ server, port, httpPort, socketDir }: Places): string {
  return replaced(readmeFiles().ini, [
    ['host=10.0.0.5 port=5432', `host=${server.host} port=${server.port}`],
    ['listen_addr = *', `listen_addr = 127.0.0.1\nunix_socket_dir = ${socketDir}`],
    ['listen_port = 6432', `listen_port = ${port}`],
    [`metrics_addr = ${README_HTTP}`, `metrics_addr = 127.0.0.1:${httpPort}`],
  ]);
}

/** A reader's own PostgreSQL, with the database and the user that the README has. */
export async function startReadersServer(): Promise<Cluster> {
  // The README's other name is for the console alone.
  const password = readmePasswords().get(APPLICATION) ?? '';
  return await startCluster({
    users: [{ name: APPLICATION, password }],
    databases: [{ name: 'app' }],
    hba: ['host all all 127.0.0.1/32 scram-sha-256'],
  });
}

/** By name, of the README's `userlist.txt`. */
export function readmePasswords(): ReadonlyMap<string, string> {
  const names = [...readmeFiles().userlist.matchAll(/^"([^"]+)" "([^"]+)"/gm)];
  return new Map(names.map(([, name = '', password = '']) => [name, password]));
}

/** Runs both files of the README. */
export async function startReadme(): Promise<ReadmeStage> {
  const cluster = await startReadersServer();
  try {
    const { primary: server } = cluster;
    const httpPort = await freePort();
    const config = placedIni({ server, port: '{port}', httpPort, socketDir: '{dir}' });
    const daemon = await startDaemon({ config, userlist: readmeFiles().userlist });
    const stop = async (): Promise<void> => {
      await daemon.stop();
      await cluster.stop();
    };
    return { cluster, daemon, passwords: readmePasswords(), stop };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** Writes them into `folder` as they stand. */
export function writeReadmeFiles(folder: string): void {
  const { ini, userlist } = readmeFiles();
  writeFileSync(join(folder, 'pgweir.ini'), ini);
  writeFileSync(join(folder, 'userlist.txt'), userlist);
}

/** What `npx pgweir` runs. */
export const NPX_PGWEIR = join(ROOT, 'node_modules/.bin/pgweir');

/** @throws Error when one of them is not there */
function replaced(text: string, changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((now, [from, to]) => {
    if (!now.includes(from)) throw new Error(`README.md does not say "${from}" any more`);
    return now.replace(from, to);
  }, text);
}
