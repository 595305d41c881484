import { writeFileSync } from 'node:fs';
import { VERSION } from '../../src/version';
import { Crew } from '../../src/workers/crew';
import { WorkerProcess } from '../../src/workers/worker-process';
import { tempDir } from '../support/temp-dir';

const directory = tempDir();

/** What a worker is started with; one that is refused hears nothing of it. */
const START = {
  ...{ slot: 0, slots: 1, number: 1, configPath: 'p.ini', cwd: '/', firstFiles: [], files: [] },
  ...{ generation: 0, overrides: [], cancelSecret: '', afterRestart: false, ports: [] },
  holds: { holds: [], paused: false },
  logFlags: { stderr: false, verbose: 0 },
};

/** A crew of one, whose program says this version of itself, and tells what it is told then. */
function crewOf(version: string | undefined) {
  const file = directory.file('program.js');
  const hello = JSON.stringify({ kind: 'told', told: { kind: 'hello', version } });
  writeFileSync(
    file,
    `process.on('message', ({ told }) => process.send(
       { kind: 'told', told: { kind: 'failed', reason: 'was told to ' + told.kind } }));
     process.send(${hello});`,
  );
  const logged: string[] = [];
  const log = (message: string) => logged.push(message);
  const spawned: WorkerProcess[] = [];
  const crew = new Crew({
    slots: 1,
    log: { error: log, warn: log, info: log, debug: log },
    drainTimeoutMs: () => 0,
    ended: () => undefined,
    spawn: ({ number }) => {
      const worker = new WorkerProcess({
        self: [process.execPath, file],
        // The fields that matter to nobody here are left out.
        start: { ...START, number } as never,
        descriptors: [],
        answers: {} as never,
        told: () => undefined,
      });
      spawned.push(worker);
      return worker;
    },
  });
  return { crew, logged, spawned };
}

const pauses = (timers: jest.SpiedFunction<typeof setTimeout>) =>
  timers.mock.calls.map(([, delayMs]) => delayMs);

test.each(['99.0.0', undefined])(
  'a program of version %s is no worker of ours',
  async (version) => {
    const timers = jest.spyOn(global, 'setTimeout');
    const { crew, spawned } = crewOf(version);
    try {
      await expect(crew.startAll()).rejects.toThrow(
        `the program is pgweir ${version ?? 'of another version'} by now, and this process pgweir ${VERSION}: restart it`,
      );
      await spawned[0]?.gone;
      await Promise.resolve();
      // Another attempt would end in the same way: it can wait.
      expect(pauses(timers)).toContain(60_000);
      expect(pauses(timers)).not.toContain(100);
    } finally {
      await crew.close();
      timers.mockRestore();
    }
  },
);

test('one of the same version is told to start, and replaced soon when it dies', async () => {
  const timers = jest.spyOn(global, 'setTimeout');
  const { crew, spawned } = crewOf(VERSION);
  try {
    await expect(crew.startAll()).rejects.toThrow('was told to start');
    await spawned[0]?.gone;
    await Promise.resolve();
    expect(pauses(timers)).toContain(100);
  } finally {
    await crew.close();
    timers.mockRestore();
  }
});
