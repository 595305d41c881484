import type { Server } from '../postgres/server';

/** How a primary is lost. */
export const ACCIDENTS = ['kill -9', 'hang', 'clean stop'] as const;
export type Accident = (typeof ACCIDENTS)[number];

export async function happens(accident: Accident, to: Server): Promise<void> {
  switch (accident) {
    case 'kill -9':
      return await to.kill();
    case 'hang':
      return to.freeze();
    case 'clean stop':
      return await to.stop('fast');
  }
}
