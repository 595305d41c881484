import * as net from 'node:net';
import * as tls from 'node:tls';
import { isNativeError } from 'node:util/types';
import { derOf } from '../../src/net/tls-info';
import type { TlsClientOptions, Wire } from '../../src/ports/transport';
import { CLIENT_TLS, pem, SERVER_TLS } from './tls-options';
import { echoSecurely, NO_NAME, upgrade } from './tls-pair';
import { defaultTransport, onBun } from './transports';
import { ANY_V4, closePair, codeOf, listenWith, openPair, WireProbe } from './wire-probe';

const { transport } = defaultTransport;

const TRUSTING: TlsClientOptions = { ...CLIENT_TLS, ca: pem('ca.crt'), verify: 'full' };
const ALICE = { key: pem('client.key'), cert: pem('client.crt') };
const STRANGER = { key: pem('other-client.key'), cert: pem('other-client.crt') };

describe('what both ends learn', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('an upgraded wire speaks %s', async (version) => {
    const pair = await openPair(transport);
    const { remote, local } = pair.server;
    const server = { ...SERVER_TLS, minVersion: version, maxVersion: version };
    await upgrade(pair, server, CLIENT_TLS, { serverName: 'localhost', alpn: 'postgresql' });
    const der = derOf(SERVER_TLS.cert);
    for (const info of [pair.server.tls, pair.client.tls]) {
      expect(info).toMatchObject({ protocol: version, alpn: 'postgresql' });
      expect(info?.cipher).toMatch(/AES|CHACHA/);
    }
    expect(pair.serverProbe.info).toBe(pair.server.tls);
    expect(pair.server.tls?.localCertificate?.equals(der)).toBe(true);
    expect(pair.server.tls?.peerCertificate).toBeUndefined();
    expect(pair.server.tls?.peerVerified).toBe(false);
    expect(pair.client.tls?.peerCertificate?.equals(der)).toBe(true);
    expect(pair.client.tls?.peerVerified).toBe(false);
    expect(pair.client.tls?.localCertificate).toBeUndefined();
    expect(pair.server.remote).toEqual(remote);
    expect(pair.server.local).toEqual(local);
    await echoSecurely(pair);
    await closePair(pair);
  });

  test('without ALPN the handshake succeeds and says so', async () => {
    const pair = await openPair(transport);
    await upgrade(pair, SERVER_TLS, CLIENT_TLS);
    expect(pair.server.tls?.alpn).toBeUndefined();
    expect(pair.client.tls?.alpn).toBeUndefined();
    await closePair(pair);
  });

  test('a client that offers other application protocols only is refused by alert', async () => {
    const pair = await openPair(transport);
    await upgrade(pair, SERVER_TLS, CLIENT_TLS, { serverName: 'localhost', alpn: 'http/1.1' });
    expect(pair.clientProbe.events).not.toContain('secured');
    expect(codeOf(pair.clientProbe.cause)).toMatch(/NO_APPLICATION_PROTOCOL/);
    await pair.serverProbe.saw('closed');
    expect(pair.serverProbe.cause).toBeDefined();
    await closePair(pair);
  });
});

describe('what a dialling side accepts', () => {
  const misnamed = { ...SERVER_TLS, key: pem('misnamed.key'), cert: pem('misnamed.crt') };
  const otherCa = pem('other-ca.crt');
  test.each([
    ['none: any certificate', SERVER_TLS, { ...CLIENT_TLS, ca: otherCa }, 'localhost', true],
    ['none: no name', SERVER_TLS, CLIENT_TLS, undefined, true],
    ['ca: the chain is right', SERVER_TLS, { ...TRUSTING, verify: 'ca' }, 'localhost', true],
    ['ca: the name does not matter', misnamed, { ...TRUSTING, verify: 'ca' }, 'localhost', true],
    ['ca: another CA', SERVER_TLS, { ...TRUSTING, verify: 'ca', ca: otherCa }, 'localhost', false],
    ['none: another CA, another name', misnamed, { ...CLIENT_TLS, ca: otherCa }, 'localhost', true],
    [
      'ca: another CA, another name',
      misnamed,
      { ...TRUSTING, verify: 'ca', ca: otherCa },
      'localhost',
      false,
    ],
    ['full: the name is right', SERVER_TLS, TRUSTING, 'localhost', true],
    ['full: the IPv4 address is right', SERVER_TLS, TRUSTING, '127.0.0.1', true],
    ['full: the IPv6 address is right', SERVER_TLS, TRUSTING, '::1', true],
    ['full: another IP address', SERVER_TLS, TRUSTING, '127.0.0.2', false],
    ['full: another name', misnamed, TRUSTING, 'localhost', false],
    ['full: no name to compare', SERVER_TLS, TRUSTING, undefined, false],
    ['full: another CA', SERVER_TLS, { ...TRUSTING, ca: otherCa }, 'localhost', false],
  ] as const)('%s', async (_what, server, client, serverName, accepted) => {
    const pair = await openPair(transport);
    await upgrade(pair, server, client, { serverName, alpn: undefined });
    if (accepted) {
      expect(pair.clientProbe.cause).toBeUndefined();
      expect(pair.client.tls?.peerVerified).toBe(client.verify !== 'none');
      await echoSecurely(pair);
    } else {
      await pair.clientProbe.saw('closed');
      expect(pair.clientProbe.events).not.toContain('secured');
      expect(isNativeError(pair.clientProbe.cause)).toBe(true);
    }
    await closePair(pair);
  });
});

describe('what a listening side accepts', () => {
  const ca = pem('ca.crt');
  test.each([
    ['require: a good certificate', 'require', ALICE, true, true],
    ['require: none', 'require', {}, false, false],
    ['require: one of another CA', 'require', STRANGER, false, false],
    ['request: a good certificate', 'request', ALICE, true, true],
    ['request: none', 'request', {}, true, false],
    ['request: one of another CA', 'request', STRANGER, false, false],
    ['none: the certificate is not asked for', 'none', ALICE, true, false],
  ] as const)('%s', async (_what, clientCertificate, own, accepted, seen) => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const pair = await openPair(transport);
      const server = { ...SERVER_TLS, ca, clientCertificate, maxVersion: version };
      await upgrade(pair, server, { ...CLIENT_TLS, ...own });
      if (accepted) {
        expect(pair.serverProbe.cause).toBeUndefined();
        const peer = pair.server.tls?.peerCertificate;
        expect(peer?.equals(derOf(ALICE.cert))).toBe(seen ? true : undefined);
        expect(pair.server.tls?.peerVerified).toBe(seen);
        await echoSecurely(pair);
      } else {
        await pair.serverProbe.saw('closed');
        expect(pair.serverProbe.events).not.toContain('secured');
        expect(isNativeError(pair.serverProbe.cause)).toBe(true);
        expect(pair.server.tls).toBeUndefined();
      }
      await closePair(pair);
    }
  });
});

describe('the handshake', () => {
  test('direct TLS: bytes that were read already are part of it', async () => {
    const serverProbe = new WireProbe();
    let wire: Wire | undefined;
    serverProbe.onReceived = (buffer, length) => {
      if (wire === undefined || wire.tls !== undefined) return;
      // All of it arrives as plain bytes first, and only once.
      wire.startServerTls(SERVER_TLS, buffer.subarray(0, length));
      buffer.fill(0, 0, length);
    };
    const { listener } = await listenWith(transport, ANY_V4, (accepted) => {
      wire = accepted;
      return serverProbe;
    });
    const port = listener.address.kind === 'tcp' ? listener.address.port : 0;
    const client = tls.connect({
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      ca: pem('ca.crt'),
      ALPNProtocols: ['postgresql'],
    });
    client.on('error', () => undefined);
    await serverProbe.saw('secured');
    expect(serverProbe.info?.alpn).toBe('postgresql');
    const plainBytes = serverProbe.receivedBytes;
    client.write('hello');
    await serverProbe.until(() => serverProbe.receivedBytes > plainBytes);
    expect(serverProbe.chunks.at(-1)?.toString()).toBe('hello');
    wire?.destroy();
    await serverProbe.saw('closed');
    await listener.close();
  });

  test.each(['accepted', 'dialled'] as const)(
    'an upgrade of the %s wire while plain bytes are queued comes after them',
    async (side) => {
      const pair = await openPair(transport);
      const { client, clientProbe, server, serverProbe } = pair;
      const [writer, reader, readerProbe] =
        side === 'accepted' ? [server, client, clientProbe] : [client, server, serverProbe];
      const upgradeWire = (wire: Wire, unread: Buffer | undefined): void => {
        if (wire === server) server.startServerTls(SERVER_TLS, unread);
        else client.startClientTls(CLIENT_TLS, NO_NAME);
      };
      reader.pause();
      const plain = Buffer.alloc(32 * 1024 * 1024, 'S');
      expect(writer.write(plain)).toBe(false);
      upgradeWire(writer, undefined);
      readerProbe.onReceived = (buffer, length) => {
        const beyond = readerProbe.receivedBytes - plain.length;
        if (beyond < 0) return;
        readerProbe.onReceived = undefined;
        // The last plain bytes and the client's first message may come at once.
        upgradeWire(reader, buffer.subarray(length - beyond, length));
      };
      reader.resume();
      await Promise.all([clientProbe.saw('secured'), serverProbe.saw('secured')]);
      expect(Buffer.concat(readerProbe.chunks).subarray(0, plain.length).equals(plain)).toBe(true);
      writer.write(Buffer.from('!'));
      await readerProbe.until(() => readerProbe.chunks.at(-1)?.toString() === '!');
      await closePair(pair);
    },
  );

  test('what is written during the handshake arrives encrypted, and leaves no congestion', async () => {
    const pair = await openPair(transport);
    const { client, clientProbe, server } = pair;
    server.startServerTls(SERVER_TLS, undefined);
    const answer = server.write(Buffer.from('early'));
    client.startClientTls(CLIENT_TLS, NO_NAME);
    await clientProbe.until(() => clientProbe.text === 'early');
    expect(clientProbe.events.indexOf('secured')).toBeLessThan(
      clientProbe.events.indexOf('received'),
    );
    if (!answer) await pair.serverProbe.saw('drained');
    expect(server.congested).toBe(false);
    await closePair(pair);
  });

  test('bytes that are no TLS close the wire with a cause', async () => {
    const pair = await openPair(transport);
    pair.server.startServerTls(SERVER_TLS, undefined);
    pair.client.write(Buffer.from('GET / HTTP/1.0\r\n\r\n'));
    await pair.serverProbe.saw('closed');
    expect(codeOf(pair.serverProbe.cause)).toMatch(/^ERR_SSL/);
    expect(pair.serverProbe.events).toEqual(['closed']);
    await closePair(pair);
  });

  test.each(['end', 'destroy'] as const)(
    'a client that leaves (%s) during the handshake closes the wire with a cause',
    async (how) => {
      const pair = await openPair(transport);
      pair.server.startServerTls(SERVER_TLS, undefined);
      pair.client.write(Buffer.from([0x16, 0x03, 0x01]));
      pair.client[how]();
      await pair.serverProbe.saw('closed');
      expect(codeOf(pair.serverProbe.cause)).toBe('ECONNRESET');
      expect(pair.serverProbe.events).toEqual(['closed']);
      await closePair(pair);
    },
  );

  test('a server that leaves during the handshake closes the wire with a cause', async () => {
    const pair = await openPair(transport);
    pair.client.startClientTls(TRUSTING, { serverName: 'localhost', alpn: undefined });
    pair.server.end();
    await pair.clientProbe.saw('closed');
    expect(isNativeError(pair.clientProbe.cause)).toBe(true);
    await closePair(pair);
  });

  test('a wire destroyed during the handshake closes without a cause', async () => {
    const pair = await openPair(transport);
    pair.server.startServerTls(SERVER_TLS, undefined);
    pair.server.destroy();
    await pair.serverProbe.saw('closed');
    expect(pair.serverProbe.cause).toBeUndefined();
    await closePair(pair);
  });

  test('an unusable key closes the wire with a cause instead of throwing', async () => {
    const pair = await openPair(transport);
    pair.server.startServerTls({ ...SERVER_TLS, key: pem('client.key') }, undefined);
    expect(pair.serverProbe.events).toEqual([]);
    await pair.serverProbe.saw('closed');
    expect(codeOf(pair.serverProbe.cause)).toMatch(/KEY_VALUES_MISMATCH/);
    await closePair(pair);
  });

  // Its TLS library has none, so there is no client here that could ask.
  const notOnBun = onBun ? test.skip : test;
  notOnBun('renegotiation is refused (not on Bun, which has none)', async () => {
    const pair = await listenOnceSecured();
    const client = tls.connect({
      socket: net.connect(pair.port, '127.0.0.1'),
      ca: pem('ca.crt'),
      servername: 'localhost',
      maxVersion: 'TLSv1.2',
    });
    client.on('error', () => undefined);
    client.once('secureConnect', () => client.renegotiate({}, () => undefined));
    await pair.probe.saw('closed');
    expect(codeOf(pair.probe.cause)).toBe('ERR_TLS_RENEGOTIATION_DISABLED');
    expect(pair.probe.count('secured')).toBe(1);
    client.destroy();
    await pair.close();
  });
});

async function listenOnceSecured(): Promise<{
  port: number;
  probe: WireProbe;
  close: () => Promise<void>;
}> {
  const probe = new WireProbe();
  const { listener } = await listenWith(transport, ANY_V4, (wire) => {
    probe.onEnded = () => wire.end();
    wire.startServerTls(SERVER_TLS, undefined);
    return probe;
  });
  const port = listener.address.kind === 'tcp' ? listener.address.port : 0;
  return { port, probe, close: () => listener.close() };
}

describe('traffic', () => {
  test('large transfers with a reader that stops arrive whole, both ways', async () => {
    const pair = await openPair(transport);
    await upgrade(pair, SERVER_TLS, CLIENT_TLS);
    const blocks = Array.from({ length: 40 }, (_, seed) => Buffer.alloc(300_000, `block ${seed} `));
    const total = Buffer.concat(blocks);
    for (const [writer, writerProbe, reader, readerProbe] of [
      [pair.client, pair.clientProbe, pair.server, pair.serverProbe],
      [pair.server, pair.serverProbe, pair.client, pair.clientProbe],
    ] as const) {
      let next = 0;
      const send = (): void => {
        for (;;) {
          const block = blocks[next];
          if (block === undefined) return;
          next += 1;
          if (!writer.write(block)) return;
        }
      };
      reader.pause();
      writerProbe.onDrained = send;
      send();
      expect(writer.congested).toBe(true);
      reader.resume();
      readerProbe.onReceived = () => {
        reader.pause();
        setImmediate(() => reader.resume());
      };
      await readerProbe.until(() => readerProbe.receivedBytes === total.length);
      expect(Buffer.concat(readerProbe.chunks).equals(total)).toBe(true);
    }
    await closePair(pair);
  });

  test('end sends what is queued before the FIN, and a congested wire can be destroyed', async () => {
    for (const how of ['end', 'destroy'] as const) {
      const pair = await openPair(transport);
      await upgrade(pair, SERVER_TLS, CLIENT_TLS);
      const { client, clientProbe, server, serverProbe } = pair;
      server.pause();
      const block = Buffer.alloc(1_000_000, 'x');
      let sentBytes = block.length;
      while (client.write(block)) sentBytes += block.length;
      client[how]();
      if (how === 'destroy') await clientProbe.saw('closed');
      server.resume();
      if (how === 'end') await serverProbe.saw('ended');
      if (how === 'end') expect(serverProbe.receivedBytes).toBe(sentBytes);
      expect(clientProbe.cause).toBeUndefined();
      await closePair(pair);
    }
  });

  test('half close: after the end of the client the server may still write', async () => {
    const pair = await openPair(transport);
    await upgrade(pair, SERVER_TLS, CLIENT_TLS);
    const { client, clientProbe, server, serverProbe } = pair;
    serverProbe.onEnded = () => {
      server.write(Buffer.from('last words'));
      server.end();
    };
    client.end();
    await clientProbe.saw('closed');
    await serverProbe.saw('closed');
    expect(clientProbe.text).toBe('last words');
    expect(clientProbe.events).toEqual(['connected', 'secured', 'received', 'ended', 'closed']);
    expect(clientProbe.cause).toBeUndefined();
    expect(serverProbe.cause).toBeUndefined();
  });

  test('a paused wire delivers nothing until resume', async () => {
    const pair = await openPair(transport);
    await upgrade(pair, SERVER_TLS, CLIENT_TLS);
    const { client, server, serverProbe } = pair;
    serverProbe.onReceived = () => server.pause();
    for (let i = 0; i < 10; i++) client.write(Buffer.alloc(50_000, i));
    await serverProbe.saw('received');
    for (let turns = 0; turns < 10; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(serverProbe.count('received')).toBe(1);
    serverProbe.onReceived = undefined;
    server.resume();
    await serverProbe.until(() => serverProbe.receivedBytes === 500_000);
    await closePair(pair);
  });
});
