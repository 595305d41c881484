import { Frontend } from '@pgweir/protocol';
import * as fc from 'fast-check';
import { OwedReplies } from '../../src/relay/owed-replies';
import { PostgresModel, type Reply, type Sent } from './postgres-model';

const TAGS = {
  B: Frontend.Bind,
  C: Frontend.Close,
  D: Frontend.Describe,
  E: Frontend.Execute,
  F: Frontend.FunctionCall,
  H: Frontend.Flush,
  P: Frontend.Parse,
  Q: Frontend.Query,
  S: Frontend.Sync,
  c: Frontend.CopyDone,
  d: Frontend.CopyData,
  f: Frontend.CopyFail,
} as const;

/**
 * Plays a conversation: `>` begins what is sent (tags), `<` what comes back (`G` copy in, `C`
 * complete, `E` error, `Z` ready).
 */
function play(conversation: string): OwedReplies {
  const owed = new OwedReplies();
  for (const turn of conversation.split(' ')) {
    for (const letter of turn.slice(1)) {
      if (turn.startsWith('>')) owed.sent(TAGS[letter as keyof typeof TAGS]);
      else arrive(owed, letter as Reply);
    }
  }
  return owed;
}

function arrive(owed: OwedReplies, reply: Reply): void {
  if (reply === 'G') owed.copyInBegan();
  else if (reply === 'C') owed.commandCompleted();
  else if (reply === 'E') owed.failed();
  else if (!owed.becameReady()) throw new Error('ReadyForQuery that nobody asked for');
}

test('a link on which a Query took the place of a Sync is known for it', () => {
  expect(play('>PBEQ <CCZ').syncWasLeftOut).toBe(true);
  expect(play('>PBESQ <CZCZ').syncWasLeftOut).toBe(false);
});

test('a fresh link owes nothing', () => {
  expect(new OwedReplies().settled).toBe(true);
});

test.each([
  ['a simple query', '>Q <CZ'],
  ['a query that fails', '>Q <EZ'],
  ['a function call', '>F <Z'],
  ['several queries at once', '>QQQ <CZEZCZ'],
  ['an extended group', '>PBDES <CZ'],
  ['an extended group that fails', '>PBDES <EZ'],
  ['a pipeline with a Sync for each group', '>PBESPBESPBES <CZEZCZ'],
  ['a pipeline with one Sync', '>PBEPBEPBES <CCCZ'],
  ['a pipeline with Flush and a late Sync', '>PBEH <C >PBEH <C >S <Z'],
  ['a lone Sync', '>S <Z'],
  ['several Syncs in a row', '>SSS <ZZZ'],
  ['a COPY by a simple query', '>Q <G >dddc <CZ'],
  ['a COPY by a simple query that the client fails', '>Q <G >dddf <EZ'],
  ['a COPY by a simple query that the server fails', '>Q <G >ddd <EZ >ddc'],
  ['a COPY by a simple query that the server fails before it hears CopyDone', '>Q <G >ddc <EZ'],
  ['a blind COPY by a simple query', '>Qddc <GCZ'],
  ['several COPY commands in one query', '>Q <G >dc <CG >dc <CCZ'],
  ['a COPY by extended protocol, Sync with Execute', '>PBES <G >ddcS <CZ'],
  ['a COPY by extended protocol, Flush and a late Sync', '>PBEH <G >ddcS <CZ'],
  ['a COPY by extended protocol behind another group', '>PBESPBES <CZG >dcS <CZ'],
  ['Syncs in the middle of a COPY', '>Q <G >dSdSc <CZ'],
  ['Syncs in the middle of a COPY by extended protocol', '>PBES <G >dSdSdcS <CZ'],
  ['a Sync behind the end of a COPY', '>Q <G >dcS <CZZ'],
  ['a failed COPY without any Sync', '>PBEH <G >f <E >S <Z'],
  ['copy messages outside of a COPY', '>dcf'],
  ['copy messages behind a failed COPY', '>Q <EZ >ddc'],
  ['a Query behind extended messages without a Sync', '>PBEQ <CCZ'],
])('all is settled after %s', (_name, conversation) => {
  const owed = play(conversation);
  expect(owed.uncertain).toBe(false);
  expect(owed.ready).toBe(0);
  expect(owed.copyIn).toBe(false);
  expect(owed.settled).toBe(true);
});

test.each([
  ['a query without an answer', '>Q'],
  ['CommandComplete without ReadyForQuery', '>Q <C'],
  ['one answer of two', '>QQ <CZ'],
  ['Parse without Sync', '>P'],
  ['Flush instead of Sync', '>PBEH <C'],
  ['extended messages behind a Sync', '>PBESPB <CZ'],
  ['a COPY that runs', '>Q <G >ddd'],
  ['a COPY that has ended, before its ReadyForQuery', '>Q <G >c <C'],
  ['a COPY by extended protocol that was not synced', '>PBE <G >c <C'],
  ['a COPY by extended protocol whose only Sync it swallowed', '>PBES <G >c <C'],
  ['a Sync behind a COPY, before its own answer', '>Q <G >dcS <CZ'],
  ['a group that failed and was not synced', '>P <E'],
])('something is owed after %s', (_name, conversation) => {
  const owed = play(conversation);
  expect(owed.settled).toBe(false);
  expect(owed.uncertain).toBe(false);
});

test.each([
  ['an extended COPY with its Sync ahead fails', '>PBES <G >d <E'],
  ['a COPY fails in which a Sync was sent', '>Q <G >dS <EZ'],
  ['a blind COPY has Syncs on both sides of its end', '>PBESddcS <G'],
  ['a Sync follows a blind COPY before its end is known', '>Qdc <G >S <CZ'],
  ['a COPY begins among Queries and Syncs', '>QPBES <CZ >Q <G'],
  ['an extended message fails with a Query behind it', '>PQ <E'],
  ['a Query follows an extended message that has failed', '>P <E >Q'],
])('nothing is certain any more when %s', (_name, conversation) => {
  const owed = play(conversation);
  expect(owed.uncertain).toBe(true);
  expect(owed.settled).toBe(false);
  for (const reply of ['Z', 'C', 'Z', 'E', 'Z'] as const) arrive(owed, reply);
  expect(owed.settled).toBe(false);
});

test('ReadyForQuery that nobody asked for is reported', () => {
  expect(new OwedReplies().becameReady()).toBe(false);
  expect(() => play('>Q <CZZ')).toThrow('nobody asked');
});

/** Kinds of message that have to do with each other, so that they meet often. */
const FAMILIES: readonly (readonly Sent[])[] = [
  ['E copy', 'S', 'd', 'c'],
  ['P', 'E copy', 'S', 'd bad', 'c', 'f'],
  ['Q copy', 'Q copy;select', 'd', 'd bad', 'c', 'f', 'S'],
  ['Q select', 'Q fail', 'F', 'P fail', 'E select', 'E fail', 'S'],
  ['Q select', 'Q copy', 'E copy', 'S', 'd', 'c', 'f', 'H', 'P'],
];

/** One thing happens: the client sends, PostgreSQL reads a message, or we read a reply. */
type Happening = Sent | 'server' | 'reply';

class Conversation {
  readonly owed = new OwedReplies();
  readonly server = new PostgresModel();

  happen(what: Happening): void {
    if (what === 'server') this.server.step();
    else if (what === 'reply') {
      const reply = this.server.outbox.shift();
      if (reply !== undefined) arrive(this.owed, reply);
    } else {
      this.owed.sent(TAGS[what.charAt(0) as keyof typeof TAGS]);
      this.server.inbox.push(what);
    }
    if (!this.server.dead && this.owed.settled && !this.server.quiet) {
      throw new Error('settled, but PostgreSQL owes something');
    }
  }

  /** Everything on its way arrives. */
  drain(): void {
    while (this.server.inbox.length > 0) this.happen('server');
    while (this.server.outbox.length > 0) this.happen('reply');
  }
}

const happenings = fc
  .constantFrom(...FAMILIES)
  .chain((kinds) =>
    fc.array(
      fc.oneof(
        { weight: 2, arbitrary: fc.constantFrom<Happening>(...kinds) },
        { weight: 2, arbitrary: fc.constant<Happening>('server') },
        { weight: 1, arbitrary: fc.constant<Happening>('reply') },
      ),
      { maxLength: 30, size: 'max' },
    ),
  );

test('whatever is sent whenever: a link is never settled while PostgreSQL owes something', () => {
  fc.assert(
    fc.property(happenings, (all) => {
      const conversation = new Conversation();
      for (const what of all) {
        conversation.happen(what);
        if (conversation.server.dead) return;
      }
      conversation.drain();
    }),
    { numRuns: 4000 },
  );
});

test('whatever was sent: when all has come and the count is certain, quiet means settled', () => {
  fc.assert(
    fc.property(happenings, (all) => {
      const conversation = new Conversation();
      for (const what of all) conversation.happen(what);
      conversation.drain();
      const { owed, server } = conversation;
      if (server.dead || owed.uncertain) return;
      expect(owed.settled).toBe(server.quiet);
    }),
    { numRuns: 4000 },
  );
});

test('a client that waits for each answer never makes the count uncertain', () => {
  const groups: readonly (readonly Sent[])[] = [
    ['Q select'],
    ['Q fail'],
    ['F'],
    ['P', 'E select', 'S'],
    ['P', 'E fail', 'P', 'E select', 'S'],
    ['P fail', 'E select', 'S'],
    ['P', 'E copy', 'S', 'd', 'c', 'S'],
    ['P', 'E copy', 'H', 'd', 'c', 'S'],
    ['P', 'E copy', 'H', 'f', 'S'],
    ['Q copy', 'd', 'd bad', 'd', 'c'],
    ['Q copy', 'f'],
    ['Q copy;select', 'd', 'c'],
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...groups), { maxLength: 12 }), (all) => {
      const conversation = new Conversation();
      for (const what of all.flat()) {
        conversation.happen(what);
        conversation.drain();
      }
      expect(conversation.owed.uncertain).toBe(false);
      expect(conversation.owed.settled).toBe(true);
    }),
  );
});
