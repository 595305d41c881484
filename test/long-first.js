const { basename } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/** Files that take more than ten seconds, the longest first. */
const LONG = [
  ...[
    'conformance',
    'restart',
    'patroni-real',
    'differential',
    'control-promotion',
    'secrets-troubles',
  ],
  ...[
    'secrets',
    'workers-crash',
    'iam-passthrough',
    'workers',
    'workers-rolling',
    'signals',
    'iam-servers',
  ],
  ...[
    'executable-container',
    'read-write-split',
    'real-servers',
    'lifecycle',
    'failover',
    'aurora',
  ],
  ...[
    'control-switchover',
    'health',
    'read-write-split-reload',
    'secrets-rotation',
    'dashboard-page',
  ],
  ...[
    'read-write-split-clients',
    'workers-instances',
    'isolation',
    'state-fuzz',
    'promotion',
    'caps',
  ],
  ...['workers-rds-proxy', 'service-notify', 'burst', 'limits', 'reload', 'switchover', 'tracing'],
];

// Jest goes by how long files took the last time, or by their size where that is not known, as in CI:
// what is short to write and long to run would come last then, with nothing left for other processors.
module.exports = class LongFirst extends Sequencer {
  async sort(tests) {
    const rank = ({ path }) => {
      const at = LONG.indexOf(basename(path, '.test.ts'));
      return at === -1 ? LONG.length : at;
    };
    const byJest = await super.sort(tests);
    return [...byJest].sort((one, other) => rank(one) - rank(other));
  }
};
