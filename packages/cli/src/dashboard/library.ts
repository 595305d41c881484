/** What answers the web page, loaded only where `dashboard` is on. */
export function dashboardModule(): typeof import('./dashboard') {
  return require('./dashboard');
}
