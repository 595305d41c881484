import { Session } from '../../src/frontend/session';
import { SESSION_MOVES, type SessionPhase } from '../../src/frontend/session-phase';
import type { ClientId } from '../../src/ports/names';
import { FakeWire } from '../kit/fake-wire';
import { Rig } from '../kit/rig';
import { TaskQueue } from '../kit/task-queue';

const PHASES = Object.keys(SESSION_MOVES) as SessionPhase[];
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.open();
});

function sessionIn(phase: SessionPhase): Session {
  const wire = new FakeWire(new TaskQueue(), { kind: 'tcp', host: '10.0.0.9', port: 1 });
  const session = new Session(rig.pooler, 1 as ClientId, wire);
  session.phase = phase;
  return session;
}

const PAIRS = PHASES.flatMap((from) => PHASES.map((to) => [from, to] as const));

test.each(PAIRS)('a session may move from %s to %s only if the table says so', (from, to) => {
  const session = sessionIn(from);
  if (from === to || SESSION_MOVES[from].includes(to)) {
    session.enter(to);
    expect(session.phase).toBe(to);
  } else {
    expect(() => session.enter(to)).toThrow(`session: ${from} -> ${to}`);
    expect(session.phase).toBe(from);
  }
});

test('every phase can end, and nothing comes after the end', () => {
  for (const phase of PHASES) {
    if (phase === 'closed') expect(SESSION_MOVES[phase]).toEqual([]);
    else expect(SESSION_MOVES[phase]).toContain('closed');
  }
});
