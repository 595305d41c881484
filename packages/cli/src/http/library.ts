/** What serves HTTP, loaded only where `metrics_addr` is set. */
export function httpServerModule(): typeof import('./http-server') {
  return require('./http-server');
}

export function daemonRoutesModule(): typeof import('./daemon-routes') {
  return require('./daemon-routes');
}
