import { Random } from '../src/random';
import { judgeGroup } from '../src/state-fuzz/judge';
import { LockTable } from '../src/state-fuzz/model/locks';
import { NotificationBook } from '../src/state-fuzz/model/notifications';
import { SessionModel } from '../src/state-fuzz/model/session-model';
import { World } from '../src/state-fuzz/model/world';
import type { Maker, Statement } from '../src/state-fuzz/statement';
import { show } from '../src/state-fuzz/statements/settings';
import { beginning, rollingBack } from '../src/state-fuzz/statements/transactions';
import type { BackendMessage } from '../src/wire/backend-message';

function newModel(): SessionModel {
  const defaults = new Map([['work_mem', '4MB']]);
  const world = new World({
    isDirect: true,
    major: 18,
    permits: 1,
    without: new Set(),
    defaults,
  });
  world.notifications.joined('me');
  return new SessionModel({ label: 'me', who: 1, startSettings: defaults }, world);
}

function made(maker: Maker, model: SessionModel): Statement {
  const statement = maker(model, new Random(1));
  if (statement === undefined) throw new Error('no statement');
  return statement;
}

/** What a simple query brings: a row if one is given, and how it ended. */
function replies(tag: string, status: string, row?: string): BackendMessage[] {
  const text = (value: string): Buffer => Buffer.from(`${value}\0`);
  const end = [
    { tag: 'C', body: text(tag) },
    { tag: 'Z', body: Buffer.from(status) },
  ];
  if (row === undefined) return end;
  const length = Buffer.alloc(6);
  length.writeInt16BE(1, 0);
  length.writeInt32BE(row.length, 2);
  const data = { tag: 'D', body: Buffer.concat([length, Buffer.from(row)]) };
  return [{ tag: 'T', body: Buffer.alloc(2) }, data, ...end];
}

function judge(model: SessionModel, statement: Statement, messages: BackendMessage[]): void {
  const group = { kind: 'simple', statements: [statement] } as const;
  judgeGroup(group, messages, { model, attempts: new Map(), onOutcome: () => undefined });
}

const showWorkMem: Statement = {
  name: 'show',
  sql: 'SHOW work_mem',
  returnsRows: true,
  expect: (model) => [{ kind: 'done', tag: 'SHOW', rows: [model.shown('work_mem')] }],
};

test("another session's value of a setting is a violation, the session's own is not", () => {
  const model = newModel();
  model.set('work_mem', '100001kB');
  judge(model, showWorkMem, replies('SHOW', 'I', '100001kB'));
  expect(() => judge(model, showWorkMem, replies('SHOW', 'I', '100017kB'))).toThrow(
    'SHOW [100001kB] is due, SHOW [100017kB] came',
  );
});

test('what a transaction set is gone when it is rolled back, and SET LOCAL when it ends', () => {
  const model = newModel();
  judge(model, beginning('BEGIN'), replies('BEGIN', 'T'));
  model.set('work_mem', '100001kB');
  model.savepoint('one');
  model.setLocal('work_mem', '100002kB');
  judge(model, showWorkMem, replies('SHOW', 'T', '100002kB'));
  model.rollbackTo('one');
  judge(model, showWorkMem, replies('SHOW', 'T', '100001kB'));
  judge(model, rollingBack('ROLLBACK'), replies('ROLLBACK', 'I'));
  judge(model, showWorkMem, replies('SHOW', 'I', '4MB'));
});

test('a transaction that PostgreSQL says is over, and the session does not know, is a violation', () => {
  const model = newModel();
  expect(() => judge(model, beginning('BEGIN'), replies('BEGIN', 'I'))).toThrow(
    'status I came, the session is in T',
  );
});

test('a reply too few is a violation', () => {
  const model = newModel();
  const statement = made(show, model);
  expect(() => judge(model, statement, replies('SHOW', 'I'))).toThrow('T is due');
});

test('an advisory lock that is given to two is a violation, one whose holder may have let go is not', () => {
  const locks = new LockTable();
  const first = locks.attempt('a', 7);
  expect(locks.foreseen(first)).toBe(true);
  locks.acquired(first);
  locks.settle('a', new Set([7]));
  const second = locks.attempt('b', 7);
  expect(locks.foreseen(second)).toBe(false);
  expect(() => locks.acquired(second)).toThrow('advisory lock 7 was given, but a holds it');
  const third = locks.attempt('c', 7);
  locks.shake('a', [7]);
  expect(locks.foreseen(third)).toBeUndefined();
});

describe('a notification', () => {
  const channels = new Set(['ch']);

  function listening(): NotificationBook {
    const book = new NotificationBook();
    for (const name of ['a', 'b']) book.joined(name);
    book.listen('b', 'ch', book.tick());
    return book;
  }

  test('is owed to who listened before it was sent, once', () => {
    const book = listening();
    const note = book.make('a', 'ch');
    book.committed(note);
    expect(book.owedTo('b')).toEqual([note]);
    book.received('b', note, channels);
    expect(book.owedTo('b')).toEqual([]);
    expect(() => book.received('b', note, channels)).toThrow('it comes twice');
  });

  test('of a transaction that is rolled back must not have come, nor come', () => {
    const book = listening();
    const early = book.make('a', 'ch');
    book.received('b', early, channels);
    expect(() => book.undone(early)).toThrow('was rolled back');
    const late = book.make('a', 'ch');
    book.undone(late);
    expect(() => book.received('b', late, channels)).toThrow('its transaction was rolled back');
  });

  test('must not come out of order, nor to who does not listen, nor from before the LISTEN', () => {
    const book = listening();
    const [first, second] = [book.make('a', 'ch'), book.make('a', 'ch')];
    book.committed(first);
    book.committed(second);
    book.received('b', second, channels);
    expect(() => book.received('b', first, channels)).toThrow('after a later one of its sender');
    expect(() => book.received('a', first, new Set())).toThrow('not listened to');
    book.listen('a', 'ch', book.tick());
    expect(() => book.received('a', second, new Set())).toThrow('committed before the LISTEN');
  });
});
