import { daemonProgram } from '@pgweir/testkit';
import { VERSION } from 'pgweir';
import type { Contestant } from './contestant';
import { poolerConfig, startPooler, USERLIST } from './pooler-files';

/** `profileDir`: where to leave a CPU profile of each daemon, which costs some speed. */
export function pgweir(profileDir: string | undefined): Contestant {
  const flags = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  return {
    name: 'pgweir',
    version: `${VERSION}, Node.js ${process.version}`,
    start: (postgres) =>
      startPooler({
        command: [process.execPath, ...flags, daemonProgram()],
        config: poolerConfig(postgres),
        userlist: USERLIST,
      }),
  };
}
