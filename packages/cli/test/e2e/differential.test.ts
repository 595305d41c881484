import {
  allScripts,
  availableMajors,
  failures,
  type Major,
  MODES,
  type PoolMode,
  type Result,
  runScripts,
  startEnvironment,
} from '@pgweir/testkit';
import './support/all-loaded';

const NEWEST = 18;
const SCRIPTS_MIN = 60;
/** Several plays share the machine; only a lost answer takes so long. */
const DEADLINE_MS = 20_000;

/** What differs between majors is PostgreSQL; what differs between modes and runtimes is ours. */
const plans: readonly { readonly major: Major; readonly modes: readonly PoolMode[] }[] =
  process.env.PGWEIR_TEST_RUNTIME === 'bun'
    ? [{ major: NEWEST, modes: ['transaction'] }]
    : availableMajors().map((major) => ({
        major,
        modes: major === NEWEST ? MODES : ['transaction'],
      }));

// For much of their time they wait for answers, so that all of them run at once.
test.concurrent.each(plans)(
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
  120_000,
);
