import type { Link } from './link';

/** Why a link goes that was opened for one client: that is known from its beginning. */
export const CLIENT_LEFT = 'its client has left';

/** It is to be closed as soon as it is free, and not only because it is for one client alone. */
export function isOutdated({ retireReason }: Pick<Link, 'retireReason'>): boolean {
  return retireReason !== undefined && retireReason !== CLIENT_LEFT;
}
