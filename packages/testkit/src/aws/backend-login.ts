import type { Socket } from 'node:net';
import { frame } from '../wire/frame';
import { ScramClient } from '../wire/scram';
import { type TakenMessage, takeMessage } from './socket-reading';

/** PostgreSQL's answers to a login are short. */
const BODY_BYTES_MAX = 65_536;

/**
 * Logs in to PostgreSQL on behalf of a client whose startup packet has been sent, and stops where the
 * client has its part again.
 *
 * @returns what the client must see: AuthenticationOk last, or an ErrorResponse
 * @throws Error when PostgreSQL asks for what cannot be given, or goes away
 */
export async function logIn(socket: Socket, password: string): Promise<readonly TakenMessage[]> {
  const shown: TakenMessage[] = [];
  let scram: ScramClient | undefined;
  for (;;) {
    const message = await takeMessage(socket, BODY_BYTES_MAX);
    if (message.tag !== 'R') {
      shown.push(message);
      if (message.tag === 'E') return shown;
      continue;
    }
    const data = message.body.subarray(4);
    switch (message.body.readInt32BE(0)) {
      case 0:
        return [...shown, message];
      case 3:
        socket.write(frame('p', Buffer.from(`${password}\0`)));
        break;
      case 10:
        scram = new ScramClient(password, undefined);
        socket.write(frame('p', scram.first()));
        break;
      case 11:
        if (scram !== undefined) socket.write(frame('p', scram.final(data.toString())));
        break;
      case 12:
        scram?.verify(data.toString());
        break;
      default:
        throw new Error('PostgreSQL behind the stand-in asks for another kind of password');
    }
  }
}
