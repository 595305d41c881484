import type { Socket } from 'node:net';
import { frame, frontend } from '@pgweir/testkit';
import { Latencies } from '../measure/latencies';
import { queryMessage } from './own-messages';
import type { CopyOrder, OwnReport } from './own-order';
import { WireClient } from './wire-client';

/** As psql and libpq's users do: 8 kB in a message, some messages in a write. */
const MESSAGE_BYTES = 8000;
const MESSAGES_PER_WRITE = 8;
const LINE_BYTES = 1000;
const LINE = `${'z'.repeat(LINE_BYTES - 1)}\n`;
const MESSAGE = frame('d', Buffer.from(LINE.repeat(MESSAGE_BYTES / LINE_BYTES)));
const PIECE = Buffer.concat(Array.from({ length: MESSAGES_PER_WRITE }, () => MESSAGE));
const PIECE_BYTES = MESSAGE_BYTES * MESSAGES_PER_WRITE;
const DONE = frontend.copyDone();

const COPY_OUT = queryMessage('COPY bench_copy TO STDOUT');
/** PostgreSQL reads every line and keeps none. */
const COPY_IN = queryMessage('COPY bench_copy FROM STDIN WHERE false');

/** A latency is that of a whole COPY. */
export async function playCopies(order: CopyOrder): Promise<OwnReport> {
  const client = await WireClient.connect(order.target);
  const latencies = new Latencies();
  const startedMs = performance.now();
  const endMs = startedMs + order.seconds * 1000;
  do {
    const beganMs = performance.now();
    await (order.direction === 'in' ? copyIn(client, order.bytes) : copyOut(client, order.bytes));
    latencies.add((performance.now() - beganMs) * 1000);
  } while (performance.now() < endMs);
  const tookSeconds = (performance.now() - startedMs) / 1000;
  client.end();
  const count = (latencies.total * order.bytes) / 1e6;
  return { count, perSecond: count / tookSeconds, latencies: latencies.counts() };
}

/** @throws Error when fewer bytes came than PostgreSQL has */
async function copyOut(client: WireClient, bytes: number): Promise<void> {
  const before = client.receivedBytes;
  await new Promise<void>((resolve, reject) => {
    client.ask(COPY_OUT, (error) => (error === undefined ? resolve() : reject(error)));
  });
  const came = client.receivedBytes - before;
  if (came < bytes) throw new Error(`only ${came} of ${bytes} bytes came`);
}

function copyIn(client: WireClient, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    client.askCopyIn(
      COPY_IN,
      (socket) => feed(socket, bytes),
      (error) => (error === undefined ? resolve() : reject(error)),
    );
  });
}

/** Writes as fast as the socket takes it. */
function feed(socket: Socket, bytes: number): void {
  let left = bytes;
  const write = (): void => {
    while (left > 0) {
      left -= PIECE_BYTES;
      if (!socket.write(PIECE) && left > 0) {
        socket.once('drain', write);
        return;
      }
    }
    socket.write(DONE);
  };
  write();
}
