const { writeSync } = require('node:fs');

// Jest's own summary differs between versions; scripts and people count on this one last line.
module.exports = class CountReporter {
  onRunComplete(_contexts, results) {
    const broken = results.testResults.filter((file) => file.testExecError).length;
    const failed = results.numFailedTests + broken;
    const skipped = results.numPendingTests + results.numTodoTests;
    const tail = skipped > 0 ? `, ${skipped} skipped` : '';
    process.once('exit', () => {
      // Not process.stdout: a forced exit has closed it by now.
      writeSync(1, `\n${results.numPassedTests} passed, ${failed} failed${tail}\n`);
    });
  }
};
