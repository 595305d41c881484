import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeScratch } from '@pgweir/testkit';
import { buildSync } from 'esbuild';

const FOLDER = join(__dirname, '..');
/** What the runs wait for is other processes, on a machine that others use as well. */
const DEADLINE_MS = 120_000;

interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

function example(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(FOLDER, 'dist', 'main.js'), ...args],
      { timeout: DEADLINE_MS },
      (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

test.each(['1', '2'])(
  'functions log in with IAM and share a few links, with %s worker(s)',
  async (workers) => {
    const sizes = ['--invocations', '60', '--links', '8', '--processes', '2'];
    const { code, stdout, stderr } = await example(...sizes, '--workers', workers);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.match(/invocations, errors +60, 0$/gm)).toHaveLength(2);
    // A token for each environment at first, and none of them is asked about twice by one worker.
    const [cold, warm] = [...stdout.matchAll(/requests to STS +(\d+)$/gm)].map(([, n]) =>
      Number(n),
    );
    expect(cold).toBe(60);
    expect(warm).toBeLessThanOrEqual(workers === '1' ? 0 : 60);
    const most = Number(/PostgreSQL had +(\d+) at most/.exec(stdout)?.[1]);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(8);
    expect(stdout).toMatch(/orders in the books +120, 120 taken from stock/);
  },
  DEADLINE_MS,
);

test('what is no number is refused with what is accepted', async () => {
  const { code, stderr } = await example('--invocations', 'many');
  expect(code).toBe(1);
  expect(stderr).toContain('It must be a whole number from 1 on.');
});

test('the function is one file, and says what is missing in its environment', () => {
  const scratch = makeScratch();
  try {
    const outfile = join(scratch.dir, 'handler.js');
    buildSync({
      ...{ entryPoints: [join(FOLDER, 'dist', 'handler.js')], outfile, bundle: true },
      ...{ platform: 'node', target: 'node20', external: ['pg-native'], logLevel: 'error' },
    });
    const call =
      `require(${JSON.stringify(outfile)}).handler({ item: 1, quantity: 1 })` +
      '.catch((error) => console.log(error.message))';
    const env = { PATH: process.env.PATH };
    const said = execFileSync(process.execPath, ['-e', call], { cwd: scratch.dir, env });
    expect(String(said)).toBe('PGWEIR_HOST is not set\n');
  } finally {
    scratch.remove();
  }
});

test('Terraform gives a value to each name of the templates, and to no other', () => {
  const terraform = readFileSync(join(FOLDER, 'terraform', 'pgweir.tf'), 'utf8');
  for (const template of ['pgweir.ini.tftpl', 'iam.map.tftpl']) {
    const text = readFileSync(join(FOLDER, template), 'utf8');
    const wanted = new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name));
    const call = terraform.split(`/../${template}", {`)[1]?.split('})')[0] ?? '';
    const given = new Set([...call.matchAll(/^ +(\w+) += /gm)].map(([, name]) => name));
    expect([template, given]).toEqual([template, wanted]);
  }
});

(hasTerraform() ? test : test.skip)(
  'the files of Terraform are well-formed and formatted (needs terraform)',
  () => {
    const args = ['fmt', '-check', '-diff', '-recursive', join(FOLDER, 'terraform')];
    expect(String(execFileSync('terraform', args, { stdio: ['ignore', 'pipe', 'pipe'] }))).toBe('');
  },
  DEADLINE_MS,
);

function hasTerraform(): boolean {
  try {
    execFileSync('terraform', ['version'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ENOENT');
  }
}
