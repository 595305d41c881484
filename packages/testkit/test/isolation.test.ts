import { error, mismatch, oneValue, ready, row } from '../src/isolation/expected';
import { Ledger } from '../src/isolation/ledger';
import type { BackendMessage } from '../src/wire/backend-message';

function messages(value: string): BackendMessage[] {
  return oneValue(value).flatMap((each) =>
    each.kind === 'message' ? [{ tag: each.tag, body: Buffer.from(each.body) }] : [],
  );
}

test('an answer that is right to the byte is no mismatch', () => {
  expect(mismatch(messages('mine'), oneValue('mine'))).toBeUndefined();
});

test('any single byte that is another one is seen', () => {
  const count = messages('mine').reduce((sum, { body }) => sum + body.length, 0);
  for (let wrong = 0; wrong < count; wrong++) {
    const got = messages('mine');
    let at = wrong;
    for (const { body } of got) {
      if (at >= 0 && at < body.length) body.writeUInt8(body.readUInt8(at) ^ 1, at);
      at -= body.length;
    }
    expect(mismatch(got, oneValue('mine'))).toMatch(/expected .*, came/);
  }
});

test('a message too many and one too few are seen', () => {
  expect(mismatch([...messages('mine'), ...messages('yours')], oneValue('mine'))).toMatch(
    /expected nothing, came T/,
  );
  expect(mismatch(messages('mine').slice(0, 3), oneValue('mine'))).toMatch(
    /expected Z .*, came nothing/,
  );
});

test("an error of somebody else's statement is seen", () => {
  const body = Buffer.from('SERROR\0C57014\0Mcanceling statement due to user request\0\0');
  const expected = [row('mine'), ready('I')];
  expect(mismatch([{ tag: 'E', body }], expected)).toMatch(/came E 57014 canceling/);
  const timeout = error('57014', 'canceling statement due to statement timeout');
  expect(mismatch([{ tag: 'E', body }], [timeout])).toMatch(/expected error 57014/);
});

test('the ledger finds what was committed for others, lost, doubled or invented', () => {
  const ledger = new Ledger();
  for (const tag of ['kept', 'lost', 'twice']) {
    ledger.inserted(tag);
    ledger.committing(tag);
    ledger.committed(tag);
  }
  ledger.inserted('rolled back');
  ledger.committing('unknown');
  ledger.settle(['kept', 'twice', 'twice', 'rolled back', 'invented', 'unknown']);
  expect(ledger.details).toEqual([
    'row twice is there twice',
    'row rolled back was committed, but not by its owner',
    'row invented is there, which nobody has inserted',
    'committed row lost is missing',
  ]);
});
