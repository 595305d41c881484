import fs, { closeSync, existsSync, fstatSync, openSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { createTransport, type ListenOptions, type Logger, type Transport } from '@pgweir/pooler';
import { RestartDoor } from '../../src/restart/door';
import type { Estate } from '../../src/restart/successor';
import { tempDir } from '../support/temp-dir';

const directory = tempDir();

const estate: Estate = {
  obstacle: () => 'nobody takes over here',
  ports: () => [],
  surrender: () => undefined,
  budgetSays: () => undefined,
  cancel: async () => false,
  orphaned: () => undefined,
};

interface Opened {
  readonly door: RestartDoor;
  readonly path: string;
  readonly warnings: readonly unknown[];
  /** What the transport was given to listen on. */
  readonly descriptor: number;
}

/** `beforeListening`: what the runtime does with the descriptor, unless it is to listen. */
async function opened(beforeListening: (descriptor: number) => void): Promise<Opened> {
  const path = directory.file('.s.PGSQL.6432.restart');
  const warnings: unknown[] = [];
  const warn: Logger['warn'] = (_message, fields) => void warnings.push(fields?.reason);
  const log: Logger = { error: warn, warn, info: () => undefined, debug: () => undefined };
  const real = createTransport();
  let descriptor = -1;
  const transport: Transport = {
    connect: real.connect,
    listen: async (address, options: ListenOptions, accepted) => {
      descriptor = options.descriptor ?? -1;
      beforeListening(descriptor);
      return await real.listen(address, options, accepted);
    },
  };
  const door = new RestartDoor({ transport, log, estate });
  await door.open(path);
  return { door, path, warnings, descriptor };
}

function isOpen(descriptor: number): boolean {
  try {
    fstatSync(descriptor);
    return true;
  } catch {
    return false;
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

test('a door that is open answers, for its own user only, and leaves nothing when it is closed', async () => {
  const { door, path, warnings, descriptor } = await opened(() => undefined);
  expect(warnings).toEqual([]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await answers(path)).toBe(true);
  await door.close();
  expect([existsSync(path), isOpen(descriptor)]).toEqual([false, false]);
  await door.close();
});

test('a runtime that does not listen and keeps the descriptor: it is closed', async () => {
  const { door, path, warnings, descriptor } = await opened(() => {
    throw new Error('too busy');
  });
  expect(warnings).toEqual(['too busy']);
  expect(descriptor).toBeGreaterThan(2);
  expect([existsSync(path), isOpen(descriptor)]).toEqual([false, false]);
  await door.close();
});

test('a runtime that does not listen and has closed the descriptor: it is not closed again', async () => {
  let other = -1;
  const { door, path, warnings, descriptor } = await opened((given) => {
    closeSync(given);
    // The lowest number that is free.
    other = openSync('/dev/null', 'r');
    throw new Error('too busy');
  });
  try {
    expect(warnings).toEqual(['too busy']);
    expect(other).toBe(descriptor);
    expect([existsSync(path), isOpen(other)]).toEqual([false, true]);
    await door.close();
    expect(isOpen(other)).toBe(true);
  } finally {
    closeSync(other);
  }
});

test('a path that cannot be made private is not listened on', async () => {
  const before = fs.readdirSync('/proc/self/fd').length;
  const chmod = jest.spyOn(fs, 'chmodSync').mockImplementation(() => {
    throw new Error('not allowed');
  });
  try {
    const { door, path, warnings, descriptor } = await opened(() => undefined);
    expect(warnings).toEqual(['not allowed']);
    // It never came to that.
    expect(descriptor).toBe(-1);
    expect(existsSync(path)).toBe(false);
    expect(fs.readdirSync('/proc/self/fd')).toHaveLength(before);
    await door.close();
  } finally {
    chmod.mockRestore();
  }
});
