import { spawn } from 'node:child_process';

export interface Program {
  readonly path: string;
  readonly args: readonly string[];
  /** Added to PATH, which is all that is inherited: no PG… variable of the user's disturbs. */
  readonly env?: Readonly<Record<string, string>>;
  readonly limitMs: number;
}

/**
 * Runs a program to its end and gives its standard output.
 *
 * @throws Error with its standard error when it fails or does not end in time
 */
export function runProgram(program: Program): Promise<string> {
  const { path, args, env, limitMs } = program;
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', ...env },
      timeout: limitMs,
      killSignal: 'SIGKILL',
    });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) {
        resolve(Buffer.concat(out).toString());
        return;
      }
      const why = signal === null ? `ended with ${code}` : `was ended by ${signal}`;
      reject(new Error(`${path} ${why}:\n${Buffer.concat(err).toString().slice(0, 2000)}`));
    });
  });
}
