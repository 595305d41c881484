import type { TlsClientOptions, TlsServerOptions } from '../../src/ports/transport';
import type { WirePair, WireProbe } from './wire-probe';

export const NO_NAME = { serverName: undefined, alpn: undefined };

/** Upgrades both ends and waits until both know how it went. */
export async function upgrade(
  pair: WirePair,
  server: TlsServerOptions,
  client: TlsClientOptions,
  how: { serverName: string | undefined; alpn: string | undefined } = NO_NAME,
): Promise<void> {
  const { clientProbe, serverProbe } = pair;
  pair.server.startServerTls(server, undefined);
  pair.client.startClientTls(client, how);
  const settled = (probe: WireProbe) => () =>
    probe.events.includes('secured') || probe.events.includes('closed');
  await clientProbe.until(settled(clientProbe));
  await serverProbe.until(settled(serverProbe));
}

/** What the client writes comes back. */
export async function echoSecurely(pair: WirePair): Promise<void> {
  const { client, clientProbe, server, serverProbe } = pair;
  serverProbe.onReceived = (buffer, length) => server.write(buffer.subarray(0, length));
  client.write(Buffer.from('secret'));
  await clientProbe.until(() => clientProbe.text === 'secret');
}
