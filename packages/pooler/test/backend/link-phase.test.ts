import { HandClock } from '@pgweir/testkit';
import { Link } from '../../src/backend/link';
import type { LinkOwner } from '../../src/backend/link-owner';
import { LINK_MOVES, type LinkPhase } from '../../src/backend/link-phase';
import { ChunkClock } from '../../src/chunk-clock';
import { LocalLinkBudget } from '../../src/pool/local-budget';
import type { Permit } from '../../src/ports/link-budget';
import type { LinkId } from '../../src/ports/names';
import { databaseName, poolKey, userName } from '../../src/ports/names';

const PHASES = Object.keys(LINK_MOVES) as LinkPhase[];

class Owner implements LinkOwner {
  readonly database = databaseName('app');
  readonly moves: string[] = [];

  moved(_link: Link, from: LinkPhase, to: LinkPhase): void {
    this.moves.push(`${from} -> ${to}`);
  }

  released(): void {
    this.moves.push('released');
  }

  abandoned(): void {
    this.moves.push('abandoned');
  }

  cancel(): void {
    this.moves.push('cancel');
  }

  cancelsOver(): void {
    this.moves.push('cancelsOver');
  }
}

function permit(): Permit {
  let granted: Permit | undefined;
  const database = databaseName('app');
  const user = userName('alice');
  const limits = { poolLinksMax: 0, databaseLinksMax: 0, userLinksMax: 0 };
  new LocalLinkBudget().request(
    { pool: poolKey(database, user), database, user, ...limits },
    (a) => {
      if (a.kind === 'granted') granted = a.permit;
    },
  );
  if (granted === undefined) throw new Error('no permit');
  return granted;
}

const PAIRS = PHASES.flatMap((from) => PHASES.map((to) => [from, to] as const));

test.each(PAIRS)('a link may move from %s to %s only if the table says so', (from, to) => {
  const owner = new Owner();
  const link = new Link(1 as LinkId, owner, {
    permit: permit(),
    clock: new ChunkClock(new HandClock()),
    frameBytesMax: 1 << 20,
  });
  link.phase = from;
  if (LINK_MOVES[from].includes(to)) {
    link.enter(to);
    expect(link.phase).toBe(to);
    expect(owner.moves).toEqual([`${from} -> ${to}`]);
  } else {
    expect(() => link.enter(to)).toThrow(`link: ${from} -> ${to}`);
    expect(link.phase).toBe(from);
    expect(owner.moves).toEqual([]);
  }
});

test('every phase can end, and nothing comes after the end', () => {
  for (const phase of PHASES) {
    if (phase === 'closed') expect(LINK_MOVES[phase]).toEqual([]);
    else expect(LINK_MOVES[phase]).toContain('closed');
  }
});
