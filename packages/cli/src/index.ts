export type * from './config/daemon-config';
export { type Finding, formatFinding } from './config/finding';
export { type LoadOptions, loadConfig } from './config/load';
export { type ShownSetting, showConfig } from './config/show-config';
export { VERSION } from './version';
