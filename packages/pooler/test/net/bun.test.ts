import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bunProgram } from '@pgweir/testkit';

const ROOT = join(__dirname, '../../../..');
const DEADLINE_MS = 60_000;

/** The tests beside this one, which run on either runtime. */
function testFiles(): string[] {
  return readdirSync(__dirname)
    .filter((name) => name.endsWith('.test.ts') && name !== 'bun.test.ts')
    .map((name) => `./packages/pooler/test/net/${name}`);
}

function runOnBun(files: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(bunProgram(), ['test', '--timeout', '30000', ...files], { cwd: ROOT });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

test(
  'on Bun its own sockets keep every promise of the transport',
  async () => {
    const files = testFiles();
    expect(files.length).toBeGreaterThanOrEqual(4);
    const { code, output } = await runOnBun(files);
    // The whole report, for a failed run to tell which test it was.
    expect({ code, failed: / (\d+) fail\b/.exec(output)?.[1], output }).toMatchObject({
      code: 0,
      failed: '0',
    });
    expect(Number(/ (\d+) pass\b/.exec(output)?.[1])).toBeGreaterThan(60);
  },
  DEADLINE_MS,
);
