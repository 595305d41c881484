import { connect, type Socket } from 'node:net';
import { type Daemon, startDaemon, waitFor } from '@pgweir/testkit';

/** More than the 511 or 512 of the runtimes; the system's own limit (somaxconn) is 4096. */
const BURST = 700;

let daemon: Daemon;
const sockets: Socket[] = [];

beforeAll(async () => {
  daemon = await startDaemon({
    config: [
      '[databases]',
      'app = host=127.0.0.1 port=1',
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      'listen_port = {port}',
      'auth_type = any',
      'max_client_conn = 2000',
    ].join('\n'),
  });
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await daemon?.stop('SIGKILL');
});

test('while the daemon is busy a burst of listen_backlog connections waits in the queue', async () => {
  daemon.kill('SIGSTOP');
  let connected = 0;
  for (let n = 0; n < BURST; n++) {
    const socket = connect(daemon.port, daemon.host, () => {
      connected += 1;
    });
    socket.on('error', () => undefined);
    sockets.push(socket);
  }
  // A connection that finds the queue full is tried again after one second, three, seven …
  await waitFor(() => connected === BURST, { what: 'all to be connected', deadlineMs: 900 });
  daemon.kill('SIGCONT');
});
