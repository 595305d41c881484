import { statSync, writeFileSync } from 'node:fs';
import type { Address } from '@pgweir/pooler';
import type { ListenSettings } from '../src/config/daemon-config';
import { openPorts } from '../src/listen';
import { tempDir } from './support/temp-dir';

const directory = tempDir();
const LISTEN: ListenSettings = {
  addresses: [],
  port: 7432,
  backlog: 99,
  reusePort: false,
  unixSocketDir: undefined,
  unixSocketMode: 0o777,
  unixSocketGroup: undefined,
};
const log = { error: ignore, warn: ignore, info: ignore, debug: ignore };

function ignore(): void {
  // The lines are not what is tested here.
}

/** What is opened. A file stands for a Unix socket. */
async function opened(changes: Partial<ListenSettings>) {
  const addresses: string[] = [];
  const backlogs = new Set<number>();
  const open = async (address: Address, backlog: number): Promise<void> => {
    backlogs.add(backlog);
    if (address.kind === 'unix') writeFileSync(address.path, '');
    addresses.push(address.kind === 'unix' ? address.path : `${address.host} ${address.port}`);
  };
  await openPorts(open, {
    settings: { ...LISTEN, ...changes },
    givenSockets: [],
    inherited: [],
    log,
  });
  return { addresses, backlogs: [...backlogs] };
}

test('listen_addr and listen_port say where TCP is listened on, listen_backlog how many may wait', async () => {
  expect(await opened({ addresses: ['127.0.0.1', '::1'] })).toEqual({
    addresses: ['127.0.0.1 7432', '::1 7432'],
    backlogs: [99],
  });
  expect((await opened({ addresses: ['*'], port: 5 })).addresses).toEqual(['0.0.0.0 5', ':: 5']);
  const { addresses } = await opened({ addresses: ['localhost', '127.0.0.1'] });
  expect(addresses.filter((address) => address === '127.0.0.1 7432')).toHaveLength(1);
});

test('without listen_addr and unix_socket_dir there is nowhere to listen on', async () => {
  await expect(opened({})).rejects.toThrow('nowhere to listen on');
});

test('unix_socket_dir, unix_socket_mode and unix_socket_group say where the Unix socket is and whose', async () => {
  const gid = anotherGroup();
  const unixSocketGroup = { name: 'others', gid };
  const unixSocketDir = directory.path;
  const changes = { unixSocketDir, unixSocketMode: 0o750, unixSocketGroup };
  const path = `${unixSocketDir}/.s.PGSQL.7432`;
  expect((await opened(changes)).addresses).toEqual([path]);
  const stats = statSync(path);
  expect({ mode: stats.mode & 0o777, gid: stats.gid }).toEqual({ mode: 0o750, gid });
});

/** A group that a file of ours may get but does not have by itself, where there is one. */
function anotherGroup(): number {
  const own = process.getgid?.() ?? 0;
  if (process.getuid?.() === 0) return own + 1;
  return process.getgroups?.().find((gid) => gid !== own) ?? own;
}
