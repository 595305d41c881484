import { waitFor } from '@pgweir/testkit';
import { NO_SERVICE, type ServiceEnvironment } from '../../src/service/service-environment';
import { ServiceManager } from '../../src/service/service-manager';
import { DatagramInbox } from '../support/datagram-inbox';
import { tempDir } from '../support/temp-dir';

const directory = tempDir();
let inbox: DatagramInbox;
let warnings: string[];
const managers: ServiceManager[] = [];

beforeEach(() => {
  warnings = [];
  inbox = new DatagramInbox(directory.file('notify'));
});

afterEach(() => {
  for (const manager of managers.splice(0)) manager.close();
  inbox.close();
});

function manage(environment: Partial<ServiceEnvironment> = {}): ServiceManager {
  const quiet = (): void => undefined;
  const warn = (message: string, fields: object = {}): void => {
    warnings.push(`${message} ${JSON.stringify(fields)}`);
  };
  const notifySocket = directory.file('notify');
  const all = { ...NO_SERVICE, notifySocket, ...environment };
  const manager = new ServiceManager(all, { error: quiet, warn, info: quiet, debug: quiet });
  managers.push(manager);
  return manager;
}

test('a life: ready, one line of statistics, a reload, the end', () => {
  const manager = manage();
  manager.ready();
  manager.status('stats: 0 xacts/s');
  const beforeUs = process.hrtime.bigint() / 1000n;
  manager.reloading();
  manager.reloaded();
  manager.stopping();
  manager.stopping();
  const afterUs = process.hrtime.bigint() / 1000n;
  const heard = inbox.heard();
  expect(heard).toEqual([
    'READY=1',
    'STATUS=stats: 0 xacts/s',
    expect.stringMatching(/^RELOADING=1\nMONOTONIC_USEC=\d+$/),
    'READY=1',
    'STOPPING=1',
  ]);
  const atUs = BigInt(heard[2]?.split('=')[2] ?? 0);
  expect(atUs >= beforeUs && atUs <= afterUs).toBe(true);
});

test('a reload before the ports are open, or during the shutdown, does not say that it is ready', () => {
  const manager = manage();
  manager.reloading();
  manager.reloaded();
  expect(inbox.heard()).toEqual([]);
  manager.ready();
  manager.stopping();
  manager.reloading();
  manager.reloaded();
  expect(inbox.heard()).toEqual(['READY=1', 'STOPPING=1']);
});

test('a shutdown in the middle of a reload is the last word', () => {
  const manager = manage();
  manager.ready();
  manager.reloading();
  manager.stopping();
  manager.reloaded();
  expect(inbox.heard().at(-1)).toBe('STOPPING=1');
});

test('what changes no settings (SET) is no reload', () => {
  const manager = manage();
  manager.ready();
  manager.reloaded();
  expect(inbox.heard()).toEqual(['READY=1']);
});

test('signs of life come from the moment that it is ready on, again and again', async () => {
  const manager = manage({ watchdogMs: 20 });
  manager.ready();
  await waitFor(() => inbox.heard().filter((message) => message === 'WATCHDOG=1').length >= 3, {
    what: 'three signs of life',
  });
  expect(inbox.heard()[0]).toBe('READY=1');
});

test('a socket in the abstract name space is found', () => {
  const name = `@pgweir-notify-${process.pid}`;
  const abstract = new DatagramInbox(name);
  try {
    manage({ notifySocket: name }).ready();
    expect(abstract.heard()).toEqual(['READY=1']);
  } finally {
    abstract.close();
  }
});

test('when the other side is behind, changes of state are told later and in order', async () => {
  const manager = manage();
  manager.ready();
  for (let i = 0; i < 1000; i++) manager.status(`stats: ${i}`);
  manager.reloading();
  manager.reloaded();
  manager.stopping();
  expect(inbox.heard()).not.toContain('STOPPING=1');
  await inbox.until(/^STOPPING=1$/);
  const changes = inbox.heard().filter((message) => !message.startsWith('STATUS='));
  expect(changes.map((message) => message.split('\n')[0])).toEqual([
    'READY=1',
    'RELOADING=1',
    'READY=1',
    'STOPPING=1',
  ]);
});

test('nobody there is logged once, and a service manager that comes back is told again', () => {
  const manager = manage();
  inbox.close();
  manager.ready();
  manager.status('one');
  manager.status('two');
  expect(warnings).toEqual([expect.stringContaining('the service manager cannot be told')]);
  inbox = new DatagramInbox(directory.file('notify'));
  manager.status('three');
  expect(inbox.heard()).toEqual(['STATUS=three']);
});

test('a socket of another kind is refused with a line in the log, and nothing else happens', () => {
  const manager = manage({ notifySocket: 'vsock:2:1234', watchdogMs: 10 });
  manager.ready();
  manager.reloading();
  manager.stopping();
  expect(warnings).toEqual([
    'the service manager is not told anything {"reason":"vsock:2:1234 is no Unix socket"}',
  ]);
});

test('started by hand, nothing is told and nothing is logged', () => {
  const manager = manage({ notifySocket: undefined, watchdogMs: 10 });
  manager.ready();
  manager.status('stats');
  manager.stopping();
  expect({ heard: inbox.heard(), warnings }).toEqual({ heard: [], warnings: [] });
});
