import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { freePort } from '@pgweir/testkit';

const MAIN = join(__dirname, '..', 'dist', 'main.js');

interface Ended {
  readonly code: unknown;
  readonly stderr: string;
}

function run(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, _stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stderr });
    });
  });
}

test.each(['--port', '--pg-port', '--page-port'])(
  'a taken port is an error that names %s',
  async (flag) => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    try {
      const others = flag === '--port' ? [] : ['--port', String(await freePort())];
      expect(await run(flag, String(port), ...others)).toEqual({
        code: 1,
        stderr: `port ${port} is taken: choose another one with npm start -- ${flag} 7000\n`,
      });
    } finally {
      server.close();
    }
  },
);

test.each([
  ['--port', '0'],
  ['--port', '65536'],
  ['--load', '-1'],
  ['--port', '6432x'],
])('%s %s is refused with what is accepted', async (flag, value) => {
  const { code, stderr } = await run(flag, value);
  expect(code).toBe(1);
  expect(stderr).toMatch(new RegExp(`option '${flag} .* must be a whole number from`));
});
