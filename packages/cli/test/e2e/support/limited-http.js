/** Serves HTTP with limits that are over soon, until nobody is there any more. Prints its port. */
const { HttpServer } = require('../../../dist/http/http-server.js');

const quiet = () => undefined;
const HUGE = Buffer.alloc(64 * 1024 * 1024, 'a');
const text = (body) => ({ status: 200, type: 'text/plain', body });
const routes = new Map([
  ['/', { GET: () => text('hello\n') }],
  ['/said', { POST: ({ body }) => text(body) }],
  ['/huge', { GET: () => text(HUGE) }],
  ['/never', { GET: () => new Promise(quiet) }],
]);
const limits = {
  ...{ connections: 8, headersMs: 500, requestMs: 1000 },
  ...{ idleMs: 500, handlerMs: 200, readMs: 400 },
};
const log = { error: console.error, warn: quiet, info: quiet, debug: quiet };

HttpServer.listen({ host: '127.0.0.1', port: 0 }, { routes, log, limits }).then(({ port }) =>
  console.log(`port ${port}`),
);
process.stdin.on('end', () => process.exit()).resume();
