import type { Pooler } from '@pgweir/pooler';
import type { ListenSettings } from './config/daemon-config';
import type { OpenPort } from './listen';
import { listenTcp, systemCalls } from './system-calls';

/** How a daemon of one process opens its ports: for itself, or shared with other instances. */
export function portOpener(pooler: Pooler, { reusePort }: ListenSettings): OpenPort {
  return async (address, backlog, given) => {
    if (given !== undefined || !reusePort || address.kind !== 'tcp') {
      return await pooler.listen(address, backlog, given);
    }
    const { host, port: asked } = address;
    const opened = listenTcp({ host, port: asked, backlog, count: 1, instances: true });
    const { descriptors, port } = opened;
    const [descriptor = -1] = descriptors;
    try {
      return await pooler.listen({ ...address, port }, backlog, descriptor);
    } catch (error) {
      systemCalls().close(descriptor);
      throw error;
    }
  };
}
