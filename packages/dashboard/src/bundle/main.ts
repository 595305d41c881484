import { buildPage } from './build-page';

buildPage().then(
  (bytes) => process.stdout.write(`web page: ${Math.round(bytes / 1000)} kB\n`),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
