import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address, SocketOptions, Wire } from '../../src/ports/transport';
import { defaultTransport, transports } from './transports';
import {
  AcceptedWires,
  ANY_V4,
  closePair,
  codeOf,
  eventually,
  LISTEN_OPTIONS,
  listenWith,
  openPair,
  PLAIN_OPTIONS,
  WireProbe,
} from './wire-probe';

const { transport } = defaultTransport;
const onLinux = process.platform === 'linux' ? test : test.skip;

async function expectEcho(address: Address): Promise<{ remote: Address; local: Address }> {
  const pair = await openPair(transport, address);
  const { client, clientProbe, server, serverProbe } = pair;
  serverProbe.onReceived = (buffer, length) => server.write(buffer.subarray(0, length));
  expect(client.write(Buffer.from('first '))).toBe(true);
  expect(client.write(Buffer.from('second'))).toBe(true);
  await clientProbe.until(() => clientProbe.text === 'first second');
  const seen = { remote: server.remote, local: server.local };
  if (address.kind === 'tcp') expect(client.local).toEqual(server.remote);
  await closePair(pair);
  expect(clientProbe.cause).toBeUndefined();
  return seen;
}

describe('descriptors', () => {
  test('an inherited listening descriptor is accepted on, and wires tell theirs', async () => {
    const opener = net.createServer();
    await new Promise<void>((resolve) => opener.listen(0, '127.0.0.1', resolve));
    const { port } = opener.address() as net.AddressInfo;
    const descriptor: unknown = Reflect.get(Reflect.get(opener, '_handle'), 'fd');
    const program = `
      const { createTransport } = require(${JSON.stringify(join(__dirname, '..', '..', 'dist', 'net'))});
      const address = { kind: 'tcp', host: '127.0.0.1', port: ${port} };
      const options = { backlog: 10, keepAlive: false, keepIdleSeconds: 0, descriptor: 3 };
      createTransport().listen(address, options, (wire) => {
        const ignore = () => undefined;
        wire.handler = { connected: ignore, secured: ignore, drained: ignore, closed: ignore,
          received: () => wire.write(Buffer.from(String(typeof wire.descriptor))),
          ended: () => process.exit() };
      });`;
    const child = spawn(process.execPath, ['-e', program], {
      stdio: ['ignore', 'inherit', 'inherit', descriptor as number],
    });
    const left = once(child, 'exit');
    opener.close();
    const socket = net.connect(port, '127.0.0.1');
    socket.write('x');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.end();
    await left;
    expect(answer.toString()).toBe('number');
  });
});

describe('addresses', () => {
  test('bytes travel both ways over IPv4', async () => {
    const { remote, local } = await expectEcho(ANY_V4);
    expect(remote).toMatchObject({ kind: 'tcp', host: '127.0.0.1' });
    expect(local).toMatchObject({ kind: 'tcp', host: '127.0.0.1' });
  });

  test('bytes travel both ways over IPv6', async () => {
    const { remote } = await expectEcho({ kind: 'tcp', host: '::1', port: 0 });
    expect(remote).toMatchObject({ kind: 'tcp', host: '::1' });
  });

  test('bytes travel both ways over a Unix socket', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'pgweir-net-'));
    try {
      const path = join(dir, '.s.PGSQL.1');
      const { remote } = await expectEcho({ kind: 'unix', path });
      expect(remote).toEqual({ kind: 'unix', path });
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  onLinux('bytes travel both ways over an abstract Unix socket (Linux only)', async () => {
    const path = `@pgweir-net-${process.pid}-${Date.now()}`;
    const { remote } = await expectEcho({ kind: 'unix', path });
    expect(remote).toEqual({ kind: 'unix', path });
  });

  test('one port can be listened on for IPv4 and IPv6 at once', async () => {
    const all = await listenWith(transport, { kind: 'tcp', host: '0.0.0.0', port: 0 }, () => {
      return new WireProbe();
    });
    const { address } = all.listener;
    const port = address.kind === 'tcp' ? address.port : 0;
    const both = await listenWith(transport, { kind: 'tcp', host: '::', port }, () => {
      return new WireProbe();
    });
    expect(both.listener.address).toEqual({ kind: 'tcp', host: '::', port });
    await all.listener.close();
    await both.listener.close();
  });
});

describe('listening', () => {
  test('a taken port is refused with EADDRINUSE', async () => {
    const { listener } = await listenWith(transport, ANY_V4, () => new WireProbe());
    const second = transport.listen(listener.address, LISTEN_OPTIONS, () => undefined);
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await listener.close();
  });

  test('after close the port is free, accepted wires live on', async () => {
    const serverProbe = new WireProbe();
    const first = await listenWith(transport, ANY_V4, () => serverProbe);
    const clientProbe = new WireProbe();
    const client = transport.connect(first.listener.address, PLAIN_OPTIONS, clientProbe);
    const server = await first.wires.next();
    await first.listener.close();
    const again = await listenWith(transport, first.listener.address, () => new WireProbe());
    await again.listener.close();
    server.write(Buffer.from('still here'));
    await clientProbe.until(() => clientProbe.text === 'still here');
    await closePair({ client, clientProbe, server, serverProbe });
  });

  test('whoever waits to be accepted when a listener is closed is accepted, not reset', async () => {
    let accepted = 0;
    const { listener } = await listenWith(transport, ANY_V4, (wire) => {
      accepted++;
      wire.end();
      return new WireProbe();
    });
    const { address } = listener;
    const port = address.kind === 'tcp' ? address.port : 0;
    const causes = Array.from({ length: 60 }, () => {
      const socket = net.connect(port, '127.0.0.1').resume();
      return new Promise((resolve) => {
        socket.once('error', resolve);
        socket.once('end', () => resolve('ended'));
      });
    });
    await listener.close();
    expect(new Set(await Promise.all(causes))).toEqual(new Set(['ended']));
    expect(accepted).toBe(60);
  });

  test('a closed listener refuses connections', async () => {
    const { listener } = await listenWith(transport, ANY_V4, () => new WireProbe());
    await listener.close();
    const probe = new WireProbe();
    transport.connect(listener.address, PLAIN_OPTIONS, probe);
    await probe.saw('closed');
    expect(codeOf(probe.cause)).toBe('ECONNREFUSED');
  });

  test('a client that connects and leaves at once is seen to close, or not at all', async () => {
    const probes: WireProbe[] = [];
    const { listener } = await listenWith(transport, ANY_V4, (wire) => {
      const probe = new WireProbe();
      probe.onEnded = () => wire.end();
      probes.push(probe);
      return probe;
    });
    const port = listener.address.kind === 'tcp' ? listener.address.port : 0;
    for (let round = 0; round < 20; round++) {
      await new Promise<void>((resolve) => {
        const socket = net.connect(port, '127.0.0.1', () => {
          if (round % 2 === 0) socket.resetAndDestroy();
          else socket.destroy();
        });
        socket.on('close', () => resolve());
      });
    }
    const last = new WireProbe();
    const client = transport.connect(listener.address, PLAIN_OPTIONS, last);
    await last.saw('connected');
    client.destroy();
    await last.saw('closed');
    await Promise.all(probes.map((probe) => probe.saw('closed')));
    for (const probe of probes) expect(probe.count('closed')).toBe(1);
    await listener.close();
  });

  test('200 wires opened and closed each report closed once, and leave no handle behind', async () => {
    const handlesBefore = process.getActiveResourcesInfo().filter(isSocket).length;
    const probes: WireProbe[] = [];
    const { listener } = await listenWith(transport, ANY_V4, (wire) => {
      const probe = new WireProbe();
      probe.onEnded = () => wire.end();
      probes.push(probe);
      return probe;
    });
    for (let i = 0; i < 200; i++) {
      const probe = new WireProbe();
      const wire: Wire = transport.connect(listener.address, PLAIN_OPTIONS, probe);
      probe.onConnected = () => (i % 3 === 0 ? wire.destroy() : wire.end());
      probes.push(probe);
    }
    await eventually(() => probes.length === 400);
    await Promise.all(probes.map((probe) => probe.saw('closed')));
    await listener.close();
    for (const probe of probes) {
      expect(probe.count('closed')).toBe(1);
      expect(probe.events.at(-1)).toBe('closed');
    }
    expect(process.getActiveResourcesInfo().filter(isSocket).length).toBe(handlesBefore);
  });
});

function isSocket(resource: string): boolean {
  return resource.startsWith('TCP');
}

describe('dialling', () => {
  test('a refused connection is reported by closed, never within the call', async () => {
    const probe = new WireProbe();
    transport.connect({ kind: 'unix', path: '/nonexistent/pgweir.sock' }, PLAIN_OPTIONS, probe);
    expect(probe.events).toEqual([]);
    await probe.saw('closed');
    expect(probe.events).toEqual(['closed']);
    expect(codeOf(probe.cause)).toBe('ENOENT');
  });

  test('a dial that is destroyed reports closed only', async () => {
    const { listener } = await listenWith(transport, ANY_V4, (wire) => {
      const probe = new WireProbe();
      probe.onEnded = () => wire.end();
      return probe;
    });
    const probe = new WireProbe();
    const wire = transport.connect(listener.address, PLAIN_OPTIONS, probe);
    wire.destroy();
    expect(probe.events).toEqual([]);
    await probe.saw('closed');
    expect(probe.events).toEqual(['closed']);
    expect(probe.cause).toBeUndefined();
    await listener.close();
  });
});

/** In how many seconds the system will probe a connection that stays silent; undefined: never. */
function secondsToProbe({ local, remote }: Wire): number | undefined {
  const ends = [local, remote].map((end) => (end.kind === 'tcp' ? end.port : 0));
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const [, from = '', to = '', , , timer = ''] = line.trim().split(/\s+/);
    const ports = [from, to].map((end) => Number.parseInt(end.split(':')[1] ?? '', 16));
    if (ports.join() !== ends.join()) continue;
    const [kind, hundredths = ''] = timer.split(':');
    return kind === '02' ? Number.parseInt(hundredths, 16) / 100 : undefined;
  }
  throw new Error(`no connection between the ports ${ends.join(' and ')}`);
}

describe.each(transports)('$name', ({ transport }) => {
  onLinux('silent connections are probed as the options say (Linux only)', async () => {
    const probing: SocketOptions = { keepAlive: true, keepIdleSeconds: 77 };
    const wires = new AcceptedWires();
    const serverProbe = new WireProbe();
    const options = { ...LISTEN_OPTIONS, ...probing };
    const listener = await transport.listen(ANY_V4, options, (wire) => {
      wire.handler = serverProbe;
      wires.add(wire);
    });
    /** On the side that dials, and on the side that accepts. */
    const seconds = async (socket: SocketOptions): Promise<(number | undefined)[]> => {
      const clientProbe = new WireProbe();
      const client = transport.connect(listener.address, socket, clientProbe);
      await clientProbe.saw('connected');
      const server = await wires.next();
      const found = [secondsToProbe(client), secondsToProbe(server)];
      await closePair({ client, clientProbe, server, serverProbe });
      return found;
    };
    for (const each of await seconds(probing)) {
      expect(each).toBeGreaterThan(70);
      expect(each).toBeLessThanOrEqual(77);
    }
    listener.tune(PLAIN_OPTIONS);
    expect(await seconds(PLAIN_OPTIONS)).toEqual([undefined, undefined]);
    const usual: SocketOptions = { keepAlive: true, keepIdleSeconds: 0 };
    listener.tune(usual);
    const system = Number(readFileSync('/proc/sys/net/ipv4/tcp_keepalive_time', 'utf8'));
    const [dialled, accepted] = await seconds(usual);
    expect(dialled).toBeGreaterThan(system - 7);
    expect(accepted).toBeGreaterThan(0);
    await listener.close();
  });
});
