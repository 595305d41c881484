import type { Server } from '../postgres/server';

/** How a primary is lost. */
const LOSSES = ['kill -9', 'hang', 'clean stop'] as const;
export type Loss = (typeof LOSSES)[number];

/** What happens to a primary. */
export const ACCIDENTS = [...LOSSES, 'switchover'] as const;
export type Accident = (typeof ACCIDENTS)[number];

export async function happens(accident: Loss, to: Server): Promise<void> {
  switch (accident) {
    case 'kill -9':
      return await to.kill();
    case 'hang':
      return to.freeze();
    case 'clean stop':
      return await to.stop('fast');
  }
}
