const { TestEnvironment } = require('jest-environment-node');

// The tests run on Node.js as ever; the daemon under test runs on Bun, and each test's name says so.
module.exports = class BunEnvironment extends TestEnvironment {
  constructor(...how) {
    super(...how);
    this.global.process.env.PGWEIR_TEST_RUNTIME = 'bun';
  }

  handleTestEvent(event, state) {
    if (event.name !== 'run_start') return;
    for (const child of state.rootDescribeBlock.children) child.name = `on Bun: ${child.name}`;
  }
};
