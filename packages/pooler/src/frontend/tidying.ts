import { Frontend, query } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { frameOf, STATEMENT } from '../session-state/statement-messages';

const { Close, Sync } = Frontend;

/** Statements under names of a client's own are on the link. */
export function hasOwnNames({ statements }: Link): boolean {
  return statements.takenOver || statements.strays.length > 0;
}

/** Groups of messages that take off a link what others must not find there. */
export function tidyingFrames(
  { statements }: Link,
  { listens }: { readonly listens: boolean },
): readonly Buffer[] {
  const frames = statements.strays.map(({ name }) => frameOf(Close, STATEMENT, name));
  if (frames.length > 0) frames.push(frameOf(Sync));
  if (statements.takenOver) frames.push(query('DEALLOCATE ALL'));
  if (listens) frames.push(query('UNLISTEN *'));
  return frames;
}

/** They have run. */
export function tidied({ statements }: Link): void {
  statements.strays = [];
  if (statements.takenOver) statements.clear();
  statements.takenOver = false;
}
