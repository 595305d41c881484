import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address, Transport, Wire } from '../../src/ports/transport';
import { RelaySide } from './relay-side';
import { StreamPeer } from './stream-peer';
import { CLIENT_TLS, SERVER_TLS } from './tls-options';
import { defaultTransport, transports } from './transports';
import { eventually, LISTEN_OPTIONS, PLAIN_OPTIONS, WireProbe } from './wire-probe';

const RELAYS = 16;
const STREAM_BYTES = 3 * 1024 * 1024;

/** Peers that send: clients have the ids from 0, servers from RELAYS. */
interface Crowd {
  readonly peers: StreamPeer[];
  readonly sides: RelaySide[];
  readonly clients: Wire[];
  close(): Promise<void>;
}

/** Clients, a relay and servers on Unix sockets, whose small buffers fill up soon. */
async function startCrowd(
  transport: Transport,
  how: { readonly dir: string; readonly tlsToServers: boolean },
): Promise<Crowd> {
  const { dir, tlsToServers } = how;
  const peers: StreamPeer[] = [];
  const sides: RelaySide[] = [];
  const backendAt: Address = { kind: 'unix', path: join(dir, 'backend') };
  let nextServerId = RELAYS;
  const backend = await transport.listen(backendAt, LISTEN_OPTIONS, (wire) => {
    const start = (): void => {
      const peer = new StreamPeer(wire, { sendId: nextServerId++, streamBytes: STREAM_BYTES });
      peers.push(peer);
      peer.send();
    };
    if (!tlsToServers) return start();
    const securing = new WireProbe();
    securing.onSecured = start;
    wire.handler = securing;
    wire.startServerTls(SERVER_TLS, undefined);
  });
  const relayAt: Address = { kind: 'unix', path: join(dir, 'relay') };
  const relay = await transport.listen(relayAt, LISTEN_OPTIONS, (client) => {
    client.pause();
    const dialling = new WireProbe();
    const server = transport.connect(backendAt, PLAIN_OPTIONS, dialling);
    const start = (): void => {
      sides.push(...RelaySide.join(client, server));
      client.resume();
    };
    dialling.onSecured = start;
    dialling.onConnected = () => {
      if (tlsToServers)
        server.startClientTls(CLIENT_TLS, { serverName: undefined, alpn: undefined });
      else start();
    };
  });
  const clients: Wire[] = [];
  for (let id = 0; id < RELAYS; id++) {
    const dialling = new WireProbe();
    const wire = transport.connect(relayAt, PLAIN_OPTIONS, dialling);
    clients.push(wire);
    dialling.onConnected = () => {
      const peer = new StreamPeer(wire, { sendId: id, streamBytes: STREAM_BYTES });
      peers.push(peer);
      peer.send();
    };
  }
  const close = async (): Promise<void> => {
    await Promise.all([relay.close(), backend.close()]);
  };
  return { peers, sides, clients, close };
}

describe.each([
  ...transports.map((each) => ({ ...each, tlsToServers: false })),
  { ...defaultTransport, name: `${defaultTransport.name}: servers with TLS`, tlsToServers: true },
])('$name', ({ transport, tlsToServers }) => {
  let dir = '';
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'pgweir-net-'));
  });
  afterEach(async () => {
    await rm(dir, { recursive: true });
  });

  test('slow readers behind a relay receive their own bytes only, both ways', async () => {
    const crowd = await startCrowd(transport, { dir, tlsToServers });
    const { peers, sides } = crowd;
    const all = 2 * RELAYS;
    await eventually(
      () => peers.length === all && peers.every((peer) => peer.checkedBytes >= STREAM_BYTES),
      20_000,
    );
    expect(peers.map((peer) => peer.checkedBytes)).toEqual(new Array(all).fill(STREAM_BYTES));
    expect(peers.map((peer) => peer.wrongBytes)).toEqual(new Array(all).fill(0));
    const senders = peers.map((peer) => peer.senderId).sort((a, b) => a - b);
    expect(senders).toEqual(Array.from({ length: all }, (_, id) => id));
    // Else this test would prove nothing: borrowed bytes must have been queued. How often each side
    // falls behind is for the system to decide.
    expect(sides.filter((side) => side.queuedWrites > 0).length).toBeGreaterThan(all / 2);
    for (const client of crowd.clients) client.destroy();
    await eventually(() => sides.every((side) => side.isClosed));
    await crowd.close();
  });
});
