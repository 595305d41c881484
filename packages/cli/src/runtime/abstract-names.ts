import type { Address, Logger, Transport } from '@pgweir/pooler';
import { listenUnix, systemCalls } from '../system-calls';
import { reasonOf } from '../system-error';
import { listenOn } from './listen-on';

/**
 * Listens under exactly the names that are asked for in the abstract name space. Node.js 20 fills them
 * up with zeros to the greatest length: for the system that is another name, so that libpq and most
 * other clients would find nobody there.
 */
export function withExactNames(transport: Transport, log: Logger): Transport {
  if (process.versions.bun !== undefined) return transport;
  return {
    listen: async (address, options, accepted) => {
      const { backlog, descriptor: given } = options;
      const opened = given === undefined ? openExactly(address, backlog, log) : undefined;
      if (opened === undefined) return await transport.listen(address, options, accepted);
      return await listenOn(opened, (descriptor) =>
        transport.listen(address, { ...options, descriptor }, accepted),
      );
    },
    connect: (...dial) => transport.connect(...dial),
  };
}

function openExactly(address: Address, backlog: number, log: Logger): number | undefined {
  if (address.kind !== 'unix' || !address.path.startsWith('@')) return undefined;
  try {
    systemCalls();
  } catch (error) {
    log.warn('only clients that run on Node.js find abstract Unix sockets here', {
      reason: reasonOf(error),
    });
    return undefined;
  }
  return listenUnix(address.path, backlog);
}
