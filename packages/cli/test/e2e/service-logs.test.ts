import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Daemon,
  daemonCommand,
  daemonProgram,
  makeScratch,
  type Scratch,
  startDaemon,
} from '@pgweir/testkit';
import { DatagramInbox } from '../support/datagram-inbox';
import { ini, refusal, userlist, withClient } from './support/stage';

/** Nobody logs in to a database here. */
const NO_SERVER = { port: 1 };
let scratch: Scratch;
const daemons: Daemon[] = [];

beforeEach(() => {
  scratch = makeScratch();
});

afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.stop();
  scratch.remove();
});

/** Says that stderr (file 2) of the program behind it is the journal. */
const UNDER_JOURNAL = [
  'sh',
  '-c',
  'export JOURNAL_STREAM=$(stat -L -c %d:%i /dev/fd/2); exec "$@"',
  'sh',
] as const;

test.each([1, 2])(
  'with workers = %d the journal gets levels and no second time',
  async (workers) => {
    const daemon = await startDaemon({
      config: ini(NO_SERVER, { settings: { workers, pkt_buf: 8192, verbose: 1 } }),
      userlist: userlist(['app']),
      command: [...UNDER_JOURNAL, ...daemonCommand()],
    });
    daemons.push(daemon);
    const lines = daemon.log().trimEnd().split('\n');
    expect(lines.filter((line) => !/^<[3467]>[^\d<]/.test(line))).toEqual([]);
    expect(lines).toContainEqual(expect.stringMatching(/^<4>.*pkt_buf has no effect/));
    expect(lines).toContainEqual(expect.stringMatching(/^<6>process up: pgweir /));
    if (workers > 1) expect(lines).toContainEqual(expect.stringMatching(/^<7>.* worker=\d+$/));
  },
);

test('a start that fails is an error in the journal', async () => {
  const start = startDaemon({
    config: '[pgbouncer]\nlisten_port = x\n',
    command: [...UNDER_JOURNAL, ...daemonCommand()],
  });
  await expect(start).rejects.toThrow(/\n<3>.*problem: listen_port.*\n<3>pgweir: cannot load/);
});

test.each([1, 2])(
  'with workers = %d every line is an object of JSON, and a reload goes back to text',
  async (workers) => {
    const settings = { workers, log_format: 'json', admin_users: 'dba' };
    const daemon = await startDaemon({
      config: ini(NO_SERVER, { settings }),
      userlist: userlist(['app', 'dba']),
    });
    daemons.push(daemon);
    const forged = 'x"}\n{"level":"error","message":"forged"}';
    expect(await refusal(daemon, { database: forged })).toContain('3D000');
    const console = { user: 'dba', database: 'pgbouncer' };
    await withClient(daemon, async (client) => await client.query('PAUSE; '), console);
    await withClient(daemon, async (client) => await client.query('RESUME'), console);
    const inJson = daemon.log().trimEnd().split('\n');
    const objects = inJson.map((line): Record<string, unknown> => JSON.parse(line));
    for (const object of objects) {
      expect(object).toMatchObject({
        time: expect.stringMatching(/^2.*Z$/),
        pid: expect.any(Number),
      });
      expect(Object.keys(object).slice(0, 3)).toEqual(['time', 'level', 'message']);
    }
    expect(objects.filter(({ message }) => message === 'forged')).toEqual([]);
    expect(objects).toContainEqual(
      expect.objectContaining({ level: 'warn', database: forged, sqlstate: '3D000' }),
    );
    const user = 'dba';
    for (const message of ['PAUSE command issued', 'RESUME command issued']) {
      expect(objects.filter((object) => object.message === message)).toEqual([
        expect.objectContaining({ level: 'info', user }),
      ]);
    }
    const text = ini(NO_SERVER, { settings: { ...settings, log_format: 'text' } });
    await daemon.reload(text, 'configuration reloaded');
    const inText = daemon
      .log()
      .split('\n')
      .filter((line) => /^2\S+ \S+ UTC \[/.test(line));
    expect(inText).toContainEqual(
      expect.stringMatching(/LOG configuration reloaded changed=log_format$/),
    );
  },
);

test('lines reach a syslog', () => {
  const logger = join(daemonProgram(), '..', 'log', 'logger.js');
  const script = join(scratch.dir, 'log.js');
  // A program of its own: the daemon's /dev/log is the machine's.
  writeFileSync(
    script,
    `const { createLogger } = require(process.argv[2]);
     const log = createLogger({ stderr: false, file: undefined, cwd: '/', verbose: 0,
       syslog: { ident: 'weir', facility: 'local1' }, syslogPath: process.argv[3] });
     log.error('first', { database: 'p' });
     log.info('second');
     log.close();`,
  );
  const inbox = new DatagramInbox(join(scratch.dir, 'log'));
  try {
    const [runtime] = daemonCommand();
    const ran = spawnSync(runtime, [script, logger, join(scratch.dir, 'log')]);
    expect({ status: ran.status, stderr: String(ran.stderr) }).toEqual({ status: 0, stderr: '' });
    expect(inbox.heard()).toEqual([
      expect.stringMatching(/^<139>\w{3} [ \d]\d [\d:]{8} weir\[\d+\]: first database=p$/),
      expect.stringMatching(/^<142>\w{3} [ \d]\d [\d:]{8} weir\[\d+\]: second$/),
    ]);
  } finally {
    inbox.close();
  }
});
