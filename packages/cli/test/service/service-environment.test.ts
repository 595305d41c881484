import { NO_SERVICE, takeServiceEnvironment } from '../../src/service/service-environment';

test('what the service manager left for this process is taken, and no child inherits it', () => {
  const env = {
    PATH: '/bin',
    NOTIFY_SOCKET: '/run/notify',
    WATCHDOG_USEC: '30000000',
    WATCHDOG_PID: '7',
    LISTEN_FDS: '2',
    LISTEN_PID: '7',
    LISTEN_FDNAMES: 'a:b',
  };
  expect(takeServiceEnvironment(env, 7)).toEqual({
    notifySocket: '/run/notify',
    watchdogMs: 30_000,
    socketCount: 2,
  });
  expect(env).toEqual({ PATH: '/bin' });
});

test('what is meant for another process is none of ours, and goes no further', () => {
  const env = { WATCHDOG_USEC: '1000', WATCHDOG_PID: '8', LISTEN_FDS: '1', LISTEN_PID: '8' };
  expect(takeServiceEnvironment(env, 7)).toEqual(NO_SERVICE);
  expect(env).toEqual({});
});

test.each(['', '-1', '1e3', ' 5', 'many', '9'.repeat(20)])('%p is no number', (text) => {
  const env = { WATCHDOG_USEC: text, LISTEN_FDS: text, LISTEN_PID: '7', NOTIFY_SOCKET: '' };
  expect(takeServiceEnvironment(env, 7)).toEqual(NO_SERVICE);
});

test('a watchdog that names no process means this one', () => {
  expect(takeServiceEnvironment({ WATCHDOG_USEC: '2000' }, 7).watchdogMs).toBe(2);
});
