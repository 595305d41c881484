import { createServer } from 'node:net';

const EXAMPLE_PORT = 7000;

/** A reason that the person at the terminal can act upon; shown without a stack. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
}

/**
 * Finds out early that a port cannot be had.
 *
 * @throws DemoError naming the flag that chooses another one
 */
export function requireFreePort(
  port: number,
  flag: '--port' | '--pg-port' | '--page-port',
): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => reject(portError(error, port, flag)));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve()));
  });
}

function portError(error: Error, port: number, flag: string): Error {
  const other = port === EXAMPLE_PORT ? EXAMPLE_PORT + 1 : EXAMPLE_PORT;
  const advice = `choose another one with npm start -- ${flag} ${other}`;
  const code = 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return new DemoError(`port ${port} is taken: ${advice}`);
  if (code === 'EACCES') return new DemoError(`port ${port} needs more rights: ${advice}`);
  return error;
}
