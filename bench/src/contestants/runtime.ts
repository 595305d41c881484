/** What runs JavaScript. */
export interface Runtime {
  readonly name: 'node' | 'bun';
  readonly path: string;
  readonly version: string;
}

export const NODE: Runtime = {
  name: 'node',
  path: process.execPath,
  version: `Node.js ${process.version}`,
};
