/** The package's version. A constant, because one executable has no package.json beside it. */
export const VERSION = '0.1.0';
