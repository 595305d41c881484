import type { Wire } from '../../src/ports/transport';
import { transports } from './transports';
import {
  ANY_V4,
  closePair,
  codeOf,
  listenWith,
  openPair,
  PLAIN_OPTIONS,
  WireProbe,
} from './wire-probe';

const MIB = 1024 * 1024;

/** A megabyte whose every byte depends on its position and on `seed`. */
function patterned(seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(MIB);
  for (let at = 0; at < MIB; at++) bytes[at] = (at * 31 + (at >> 8) * 7 + seed * 101) & 0xff;
  return bytes;
}

/** Writes until the kernel takes no more; what was written is in the result. */
function writeUntilFull(wire: Wire): Buffer[] {
  const written: Buffer[] = [];
  for (let seed = 0; seed < 64; seed++) {
    const block = patterned(seed);
    written.push(block);
    if (!wire.write(block)) return written;
  }
  throw new Error('the kernel takes everything');
}

describe.each(transports)('$name', ({ transport, hearsLastWords }) => {
  describe('back-pressure', () => {
    test('a reader that stops makes write answer false; drained follows once it reads on', async () => {
      const pair = await openPair(transport);
      const { client, clientProbe, server, serverProbe } = pair;
      server.pause();
      const written = writeUntilFull(client);
      expect(client.congested).toBe(true);
      expect(clientProbe.events).not.toContain('drained');
      server.resume();
      await clientProbe.saw('drained');
      expect(client.congested).toBe(false);
      await serverProbe.until(() => serverProbe.receivedBytes === written.length * MIB);
      expect(Buffer.concat(serverProbe.chunks).equals(Buffer.concat(written))).toBe(true);
      expect(clientProbe.count('drained')).toBe(1);
      await closePair(pair);
    });

    test('writes after write answered false are queued in order', async () => {
      const pair = await openPair(transport);
      const { client, server, serverProbe } = pair;
      server.pause();
      const written = writeUntilFull(client);
      for (let seed = 100; seed < 103; seed++) {
        const block = patterned(seed);
        written.push(block);
        expect(client.write(block)).toBe(false);
      }
      server.resume();
      await serverProbe.until(() => serverProbe.receivedBytes === written.length * MIB);
      expect(Buffer.concat(serverProbe.chunks).equals(Buffer.concat(written))).toBe(true);
      await closePair(pair);
    });

    test('end sends what is queued before the FIN', async () => {
      const pair = await openPair(transport);
      const { client, server, serverProbe } = pair;
      server.pause();
      const written = writeUntilFull(client);
      client.end();
      server.resume();
      await serverProbe.saw('ended');
      expect(Buffer.concat(serverProbe.chunks).equals(Buffer.concat(written))).toBe(true);
      await closePair(pair);
    });

    test('a congested wire that is destroyed closes without drained', async () => {
      const pair = await openPair(transport);
      pair.server.pause();
      writeUntilFull(pair.client);
      pair.client.destroy();
      await pair.clientProbe.saw('closed');
      expect(pair.clientProbe.events).not.toContain('drained');
      expect(pair.clientProbe.cause).toBeUndefined();
      await closePair(pair);
    });
  });

  describe('pause', () => {
    test.each(['server', 'client'] as const)(
      'pause within received stops the %s wire at once, resume loses nothing',
      async (side) => {
        const pair = await openPair(transport);
        const [reader, probe, writer] =
          side === 'server'
            ? [pair.server, pair.serverProbe, pair.client]
            : [pair.client, pair.clientProbe, pair.server];
        let chunksSincePause = 0;
        probe.onReceived = () => {
          chunksSincePause += 1;
          reader.pause();
          // Later than anything that this turn of the event loop could still deliver.
          setImmediate(() =>
            setImmediate(() => {
              expect(chunksSincePause).toBe(1);
              chunksSincePause = 0;
              reader.resume();
            }),
          );
        };
        const block = patterned(5);
        writer.write(block);
        await probe.until(() => probe.receivedBytes === MIB);
        expect(Buffer.concat(probe.chunks).equals(block)).toBe(true);
        await closePair(pair);
      },
    );

    test('a wire paused from the callback of another one receives nothing more', async () => {
      const first = await openPair(transport);
      const second = await openPair(transport);
      let turn: 'first' | 'second' | undefined;
      // Whoever is read first stops the other: both have bytes waiting in the same turn.
      first.serverProbe.onReceived = () => {
        turn ??= 'first';
        second.server.pause();
      };
      second.serverProbe.onReceived = () => {
        turn ??= 'second';
        first.server.pause();
      };
      first.client.write(Buffer.from('one'));
      second.client.write(Buffer.from('two'));
      await Promise.race([first.serverProbe.saw('received'), second.serverProbe.saw('received')]);
      for (let turns = 0; turns < 10; turns++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      const paused = turn === 'first' ? second : first;
      expect(paused.serverProbe.receivedBytes).toBe(0);
      paused.server.resume();
      await paused.serverProbe.until(() => paused.serverProbe.receivedBytes === 3);
      await closePair(first);
      await closePair(second);
    });

    test('the end of a paused wire is held back until resume, and told once', async () => {
      const pair = await openPair(transport);
      const { client, clientProbe, server, serverProbe } = pair;
      serverProbe.onReceived = () => server.pause();
      client.write(Buffer.from('bye'));
      client.end();
      await serverProbe.saw('received');
      for (let turns = 0; turns < 10; turns++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(serverProbe.events).toEqual(['received']);
      server.resume();
      server.pause();
      server.resume();
      await serverProbe.saw('ended');
      server.end();
      await serverProbe.saw('closed');
      await clientProbe.saw('closed');
      expect(serverProbe.events).toEqual(['received', 'ended', 'closed']);
    });

    test('a dialled wire that is paused before it is up reads only after resume', async () => {
      const serverProbe = new WireProbe();
      const { listener, wires } = await listenWith(transport, ANY_V4, () => serverProbe);
      const clientProbe = new WireProbe();
      const client = transport.connect(listener.address, PLAIN_OPTIONS, clientProbe);
      client.pause();
      await clientProbe.saw('connected');
      const server = await wires.next();
      server.write(Buffer.from('early'));
      for (let turns = 0; turns < 10; turns++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(clientProbe.receivedBytes).toBe(0);
      client.resume();
      await clientProbe.until(() => clientProbe.text === 'early');
      await listener.close();
      await closePair({ client, clientProbe, server, serverProbe });
    });

    test('a paused wire that is destroyed still reports closed', async () => {
      const pair = await openPair(transport);
      pair.server.pause();
      pair.client.write(Buffer.from('unread'));
      pair.server.destroy();
      await pair.serverProbe.saw('closed');
      expect(pair.serverProbe.events).toEqual(['closed']);
      await closePair(pair);
    });
  });

  test('bytes written before the wire is up come first', async () => {
    const serverProbe = new WireProbe();
    const { listener, wires } = await listenWith(transport, ANY_V4, () => serverProbe);
    const clientProbe = new WireProbe();
    const client = transport.connect(listener.address, PLAIN_OPTIONS, clientProbe);
    clientProbe.onConnected = () => client.write(Buffer.from('second'));
    expect(client.write(Buffer.from('first '))).toBe(false);
    await clientProbe.saw('drained');
    await serverProbe.until(() => serverProbe.text === 'first second');
    await listener.close();
    await closePair({ client, clientProbe, server: await wires.next(), serverProbe });
  });

  describe('the end of a wire', () => {
    test('after the FIN of the peer we may still write', async () => {
      const pair = await openPair(transport);
      const { client, clientProbe, server, serverProbe } = pair;
      serverProbe.onEnded = () => {
        server.write(Buffer.from('last words'));
        server.end();
      };
      client.write(Buffer.from('question'));
      client.end();
      await clientProbe.saw('closed');
      await serverProbe.saw('closed');
      expect(clientProbe.text).toBe('last words');
      expect(clientProbe.events).toEqual(['connected', 'received', 'ended', 'closed']);
      expect(serverProbe.events).toEqual(['received', 'ended', 'closed']);
      expect(clientProbe.cause).toBeUndefined();
      expect(serverProbe.cause).toBeUndefined();
    });

    test('destroy within received: nothing follows but closed, which is not re-entrant', async () => {
      const pair = await openPair(transport);
      const { client, server, serverProbe } = pair;
      let closedWithin = false;
      serverProbe.onReceived = () => {
        server.destroy();
        server.destroy();
        closedWithin = serverProbe.events.includes('closed');
      };
      client.write(patterned(1));
      await serverProbe.saw('closed');
      expect(closedWithin).toBe(false);
      expect(serverProbe.events).toEqual(['received', 'closed']);
      expect(server.write(Buffer.from('x'))).toBe(false);
      await closePair(pair);
    });

    // A socket of Node.js reads ahead while it is paused, so that nothing is unread when it closes.
    if (hearsLastWords)
      test('a reset by the peer is a cause', async () => {
        const pair = await openPair(transport);
        const { client, clientProbe, server } = pair;
        // Closing with unread bytes resets the connection.
        server.pause();
        client.write(Buffer.from('unread'));
        await new Promise((resolve) => setImmediate(resolve));
        server.destroy();
        await clientProbe.saw('closed');
        expect(codeOf(clientProbe.cause)).toBe('ECONNRESET');
        expect(clientProbe.count('closed')).toBe(1);
      });

    if (hearsLastWords)
      test('what the peer said last is received although a write has failed', async () => {
        const pair = await openPair(transport);
        const { client, clientProbe, server } = pair;
        client.pause();
        server.write(Buffer.from('FATAL: going away'));
        server.destroy();
        await pair.serverProbe.saw('closed');
        // The peer answers the first with a reset, so a later one fails.
        while (client.write(Buffer.from('x'))) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(clientProbe.events).toEqual(['connected']);
        client.resume();
        await clientProbe.saw('closed');
        expect(clientProbe.text).toBe('FATAL: going away');
        expect(codeOf(clientProbe.cause)).toMatch(/^(EPIPE|ECONNRESET)$/);
        expect(clientProbe.count('closed')).toBe(1);
      });

    test('a wire whose write failed closes by itself when nothing more can be read', async () => {
      const pair = await openPair(transport);
      const { client, clientProbe, server } = pair;
      client.pause();
      server.destroy();
      await pair.serverProbe.saw('closed');
      while (client.write(Buffer.from('x'))) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      await clientProbe.saw('closed');
      expect(codeOf(clientProbe.cause)).toMatch(/^(EPIPE|ECONNRESET)$/);
    });
  });
});
