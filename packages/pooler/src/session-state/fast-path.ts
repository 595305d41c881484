import { type Effects, NO_EFFECTS } from '../sql/effects';
import { Mark } from '../sql/marks';
import type { Message } from './statement-messages';

/** What any function may leave, as far as PostgreSQL can be asked. */
export const ANY_CALL = Mark.AdvisoryLocks | Mark.TempObjects;

/** What those may do of which that is known, by their oids, which never change. */
const BY_OID: ReadonlyMap<number, number> = new Map([
  [1574, Mark.SequenceSet], // nextval
  [1575, Mark.SequenceRead], // currval
  [1576, Mark.SequenceSet], // setval
  [1765, Mark.SequenceSet], // setval with three arguments
  [2559, Mark.SequenceRead], // lastval
  [1599, Mark.Seed], // setseed
  [2078, Mark.Settings | Mark.UnknownSettings], // set_config
]);

/** The effects of a FunctionCall, whose body begins with the function's oid. */
export function effectsOfCall({ buffer, start, end }: Message): Effects {
  const oid = end - start < 4 ? 0 : buffer.readInt32BE(start);
  return { ...NO_EFFECTS, marks: ANY_CALL | (BY_OID.get(oid) ?? 0) };
}
