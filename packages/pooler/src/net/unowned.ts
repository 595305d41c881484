import type { WireHandler } from '../ports/transport';

/** The handler of an accepted wire until its owner sets another one, within `accepted`. */
export const unowned: WireHandler = {
  connected: ignore,
  secured: ignore,
  received: ignore,
  drained: ignore,
  ended: ignore,
  closed: ignore,
};

function ignore(): void {
  // Nobody owns the wire yet.
}
