import { oneOf, time, wholeNumber } from '../value-types';
import { setting } from './row';

/** What becomes of a client's session state when it shares links with others. */
export const SESSION_STATE = {
  session_state: setting(oneOf(['track', 'leak', 'strict']), {
    default: 'track',
    help:
      'Our own. Session state in transaction and statement mode: track (kept per client; what cannot ' +
      'be kept pins the client to its link while it lasts), leak (not looked at: the next client may ' +
      'find it), strict (as track, but a statement that would pin is refused).',
  }),
  max_prepared_statements: setting(wholeNumber(), {
    default: '200',
    help:
      'Prepared statements of the protocol kept on each link in transaction and statement mode, the ' +
      'least recently used one goes first. 0: with session_state = leak their names are not rewritten, ' +
      'and a statement lives on whichever link parsed it; otherwise as 200.',
  }),
  max_pinned_per_pool: setting(wholeNumber(), {
    default: '0',
    unit: 'connections',
    help:
      'Our own. Links of a pool that may be pinned at a time. Divided among workers, at least one ' +
      'for each. 0: no limit.',
  }),
  pinned_limit_action: setting(oneOf(['wait', 'error']), {
    default: 'wait',
    help:
      'Our own. What a statement gets that would pin one link more than max_pinned_per_pool: wait ' +
      '(until a pin ends, at most query_wait_timeout) or error (at once).',
  }),
  sequence_pin_timeout: setting(time(), {
    default: '1',
    help:
      'Our own. How long a client keeps its link after nextval or setval, for its currval, when ' +
      'others wait for a link. 0: until it disconnects.',
  }),
};
