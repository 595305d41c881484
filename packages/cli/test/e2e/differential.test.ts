import {
  allScripts,
  availableMajors,
  failures,
  MODES,
  type PoolMode,
  type Result,
  runScripts,
  startEnvironment,
} from '@pgweir/testkit';

const NEWEST = 18;
const SCRIPTS_MIN = 60;
const DEADLINE_MS = 5_000;

const plans = availableMajors().map((major) => ({
  major,
  // What differs between majors is PostgreSQL; what differs between modes is ours.
  modes: major === NEWEST ? MODES : (['transaction'] satisfies PoolMode[]),
}));

test.each(plans)(
  'replies through pgweir are those of PostgreSQL $major itself, in $modes',
  async ({ major, modes }) => {
    const small = allScripts().filter(({ large }) => large !== true);
    const large = major === NEWEST ? allScripts().filter((script) => script.large === true) : [];
    const environment = await startEnvironment(major);
    let results: Result[];
    try {
      const { targets } = environment;
      results = [
        ...(await runScripts(small, targets, { modes, deadlineMs: DEADLINE_MS })),
        ...(await runScripts(large, targets, { modes: ['transaction'], deadlineMs: DEADLINE_MS })),
      ];
    } finally {
      await environment.stop();
    }
    expect(failures(results)).toEqual([]);
    for (const mode of modes) {
      const played = results.filter((each) => each.mode === mode).length;
      expect(played).toBeGreaterThan(SCRIPTS_MIN);
    }
  },
  60_000,
);
