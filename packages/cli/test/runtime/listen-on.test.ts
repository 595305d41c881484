import { closeSync, fstatSync, openSync } from 'node:fs';
import { createTransport } from '@pgweir/pooler';
import { listenOn } from '../../src/runtime/listen-on';
import { descriptorChannel, listenUnix } from '../../src/system-calls';
import { tempDir } from '../support/temp-dir';

const directory = tempDir();

/** A listener of this runtime's on `descriptor`, if it makes one of it. */
function listening(descriptor: number) {
  const address = { kind: 'unix', path: directory.file('socket') } as const;
  const options = { backlog: 4, keepAlive: false, keepIdleSeconds: 0 };
  return listenOn(descriptor, (opened) =>
    createTransport().listen(address, { ...options, descriptor: opened }, () => undefined),
  );
}

const isClosed = (descriptor: number): void =>
  expect(() => fstatSync(descriptor)).toThrow(expect.objectContaining({ code: 'EBADF' }));

test('a listening socket is listened on, and belongs to the listener', async () => {
  const descriptor = listenUnix(directory.file('socket'), 4);
  const listener = await listening(descriptor);
  expect(fstatSync(descriptor).isSocket()).toBe(true);
  await listener.close();
  isClosed(descriptor);
});

test('what the runtime cannot listen on is closed, whether the runtime has done so or not', async () => {
  // It looks at a file and leaves it; a connected socket it takes, and lets go when listening fails.
  const [connected, peer] = descriptorChannel();
  for (const descriptor of [openSync('/dev/null', 'r'), connected]) {
    await expect(listening(descriptor)).rejects.toMatchObject({ code: 'EINVAL' });
    isClosed(descriptor);
  }
  closeSync(peer);
});
