import { TokenBoard } from '../../src/workers/token-board';

function token(text: string, expiresAtMs: number, user = 'app') {
  const place = { database: 'shop', serverName: 'shop', host: 'db.test', port: 5432 };
  return { ...place, user, token: text, expiresAtMs };
}

const textsOf = (board: TokenBoard, nowMs: number) =>
  board.all(nowMs).tokens.map(({ token: text }) => text);

test('of each user the token that expires last is kept, until it has expired', () => {
  const board = new TokenBoard();
  board.heard({ kind: 'tokens', tokens: [token('new', 2000), token('other', 1500, 'other')] });
  board.heard({ kind: 'tokens', tokens: [token('old', 1000)] });
  expect(textsOf(board, 0)).toEqual(['new', 'other']);
  expect(textsOf(board, 1500)).toEqual(['new']);
  expect(textsOf(board, 2000)).toEqual([]);
});

test('of too many users those are forgotten that were heard of the longest ago', () => {
  const board = new TokenBoard();
  const tokens = Array.from({ length: 10_001 }, (_, n) => token(`t${n}`, 1000, `user${n}`));
  board.heard({ kind: 'tokens', tokens });
  const kept = textsOf(board, 0);
  expect(kept).toHaveLength(10_000);
  expect(kept[0]).toBe('t1');
});
