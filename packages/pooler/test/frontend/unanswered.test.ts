import fc from 'fast-check';
import type { Link } from '../../src/backend/link';
import { STATUS_IDLE } from '../../src/backend/server-status';
import { Unanswered } from '../../src/frontend/unanswered';
import { EMPTY_PROFILE } from '../../src/session-state/profile';

const PARSE = 'P'.charCodeAt(0);
const SYNC = 'S'.charCodeAt(0);
const COPY_DATA = 'd'.charCodeAt(0);
const KEPT_BYTES_MAX = 64 * 1024;
/** Only its status is looked at. */
const LINK = { status: STATUS_IDLE } as Link;

function send(unanswered: Unanswered, tag: number, body: Buffer, bodyLength = body.length): void {
  const reader = { tag, bodyLength };
  unanswered.sent({ reader, settings: { profile: EMPTY_PROFILE } }, LINK, tag === SYNC);
  unanswered.add(body, 0, body.length);
}

function kept(unanswered: Unanswered): string[] {
  return unanswered
    .groups(Number.MAX_SAFE_INTEGER)
    .groups.map(({ messages }) => messages.map(({ body }) => body.toString()).join(' '));
}

test('what is under way is kept group by group until each is answered', () => {
  const unanswered = new Unanswered();
  for (const text of ['one', 'two']) {
    send(unanswered, PARSE, Buffer.from(text));
    send(unanswered, SYNC, Buffer.alloc(0));
  }
  send(unanswered, PARSE, Buffer.from('three'));
  expect(kept(unanswered)).toEqual(['one ', 'two ', 'three']);
  expect(unanswered.groups(2).isOpen).toBe(true);
  unanswered.answered();
  expect(kept(unanswered)).toEqual(['two ', 'three']);
  unanswered.answered();
  unanswered.answered();
  expect(unanswered.isEmpty).toBe(true);
  expect(kept(unanswered)).toEqual([]);
});

test('what was told of groups stays when the next session keeps something', () => {
  const one = new Unanswered();
  send(one, PARSE, Buffer.from('of one'));
  const { groups } = one.groups(1);
  one.clear();
  const other = new Unanswered();
  send(other, PARSE, Buffer.from('of the other'));
  expect(groups[0]?.messages[0]?.body.toString()).toBe('of one');
  expect(kept(other)).toEqual(['of the other']);
});

test('data of a COPY is not kept, and nothing of it is taken for what came before', () => {
  const unanswered = new Unanswered();
  send(unanswered, PARSE, Buffer.from('a'), 3);
  send(unanswered, COPY_DATA, Buffer.from('data'));
  const [group] = unanswered.groups(1).groups;
  expect(group?.messages).toEqual([
    { tag: PARSE, bodyLength: 3, body: Buffer.from('a'), sentBytes: 1 },
  ]);
});

test('of a message there is no room for only the length is known', () => {
  const unanswered = new Unanswered();
  send(unanswered, PARSE, Buffer.alloc(KEPT_BYTES_MAX - 10, 'x'));
  send(unanswered, PARSE, Buffer.from('more than ten bytes'));
  unanswered.add(Buffer.from('and more'), 0, 8);
  const [group] = unanswered.groups(1).groups;
  const last = group?.messages[1];
  expect(last?.body.length).toBe(10);
  expect(last?.sentBytes).toBe(27);
});

test('of thousands of messages the group knows that some are not kept', () => {
  const unanswered = new Unanswered();
  for (let i = 0; i < 5001; i++) send(unanswered, PARSE, Buffer.from('x'));
  const [group] = unanswered.groups(1).groups;
  expect(group?.isCut).toBe(true);
  expect(group?.messages).toHaveLength(5000);
});

test('a group of which nothing is kept, behind thousands of messages, hides none of those before it', () => {
  const unanswered = new Unanswered();
  for (let i = 0; i < 2500; i++) {
    send(unanswered, PARSE, Buffer.from('x'));
    send(unanswered, SYNC, Buffer.alloc(0));
  }
  send(unanswered, PARSE, Buffer.from('the last one'));
  const { groups, isOpen } = unanswered.groups(2500);
  expect(groups).toHaveLength(2501);
  expect(groups.at(-1)).toEqual({ standing: [], messages: [], isCut: true });
  expect(isOpen).toBe(true);
});

/** What happens to one session: a message in parts, or an answer. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('parse' as const), length: fc.nat(300) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('sync' as const), length: fc.constant(0) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('answer' as const), length: fc.constant(0) }),
  },
);

test('however messages and answers come, what is kept is what has not been answered', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const unanswered = new Unanswered();
      const model: { bodies: string[]; isOpen: boolean }[] = [];
      let count = 0;
      for (const { kind, length } of steps) {
        if (kind === 'answer') {
          // PostgreSQL answers groups that have ended.
          if (model[0]?.isOpen !== false) continue;
          model.shift();
          unanswered.answered();
          continue;
        }
        const body = Buffer.from(String(count++).padEnd(kind === 'sync' ? 0 : length, '.'));
        send(unanswered, kind === 'sync' ? SYNC : PARSE, body.subarray(0, 20), body.length);
        unanswered.add(body, 20, Math.max(20, body.length));
        const open = model.at(-1);
        const group = open?.isOpen === true ? open : { bodies: [], isOpen: true };
        if (group !== open) model.push(group);
        group.bodies.push(body.toString());
        group.isOpen = kind !== 'sync';
      }
      expect(kept(unanswered)).toEqual(model.map(({ bodies }) => bodies.join(' ')));
      expect(unanswered.isEmpty).toBe(model.length === 0);
      unanswered.clear();
    }),
    { numRuns: 300 },
  );
});
