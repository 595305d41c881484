/** The package's version. A constant, because one executable has no package.json beside it. */
export const VERSION = '0.1.0';

/** What is logged once every port is open. `more` says what there is besides this process. */
export function upMessage(more = ''): string {
  return `process up: pgweir ${VERSION}, ${runtimeName()}${more}`;
}

/** What it runs on, with its version. */
export function runtimeName(): string {
  const { bun } = process.versions;
  return bun === undefined ? `Node.js ${process.version}` : `Bun ${bun}`;
}
