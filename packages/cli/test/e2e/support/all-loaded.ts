import * as testkit from '@pgweir/testkit';

// Jest lets nobody load a module between tests, and with `test.concurrent` that begins with the end of
// the first one. The test kit's index loads what is asked for (jest.config.ts): here all of it is.
for (const name of Object.keys(testkit)) Reflect.get(testkit, name);
