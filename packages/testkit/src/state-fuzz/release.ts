import type { Random } from '../random';
import type { SessionModel } from './model/session-model';
import type { Statement } from './statement';
import { closeCursors } from './statements/cursors';
import { unlockAll } from './statements/locks';
import { discardingAll } from './statements/others';
import { discardSequences } from './statements/sequences';
import { resetRole } from './statements/settings';
import { deallocateAll } from './statements/sql-prepared';
import { droppingTemp } from './statements/temps';

/** What frees the session, outside of a transaction, of all that ties it to a link. */
export function releaseStatements(model: SessionModel, random: Random): readonly Statement[] {
  if (model.hasHiddenSetting || random.chance(0.3)) return [discardingAll()];
  const { state, cursors, locks, prepared, sequences } = model;
  const makers = [
    ...(state.temps.size > 0 && model.role !== 'none' ? [resetRole] : []),
    ...(cursors.heldNames.length > 0 ? [closeCursors] : []),
    ...(locks.size > 0 ? [unlockAll] : []),
    ...(prepared.hasSql ? [deallocateAll] : []),
    ...(sequences.isUsed ? [discardSequences] : []),
  ];
  const made = makers.flatMap((maker) => maker(model, random) ?? []);
  return [...made, ...[...state.temps.keys()].map(droppingTemp)];
}
