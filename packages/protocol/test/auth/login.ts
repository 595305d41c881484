import type { ScramClient, ScramResponse, ScramServer } from '../../src';

/** `continue` as a promise. */
export function answerTo(client: ScramClient, serverFirst: string): Promise<ScramResponse> {
  return new Promise((resolve) => client.continue(Buffer.from(serverFirst), resolve));
}

/** A whole login. Ends with the first failure of either side, or with the server's success. */
export async function login(client: ScramClient, server: ScramServer) {
  const first = client.first();
  const challenge = server.first(first.mechanism, Buffer.from(first.data));
  if (challenge.kind === 'failed') return challenge;
  const response = await answerTo(client, challenge.data);
  if (response.kind === 'failed') return response;
  const result = server.final(Buffer.from(response.data));
  if (result.kind === 'failed') return result;
  const verified = client.final(Buffer.from(result.data));
  return verified.kind === 'failed' ? verified : result;
}
