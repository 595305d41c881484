import type { PoolKey } from '@pgweir/pooler';
import { WelcomeBoard } from '../../src/workers/welcome-board';

const POOL = 'app/app' as PoolKey;
const OLD = [['server_version', '17.1']] as const;
const NEW = [['server_version', '18.0']] as const;

test('what is heard twice is news once', () => {
  const board = new WelcomeBoard(0);
  expect(board.heard(board.news([[POOL, OLD]]))).toEqual([[POOL, OLD]]);
  expect(board.heard(board.news([[POOL, [...OLD]]]))).toEqual([]);
  expect(board.heard(board.news([[POOL, NEW]]))).toEqual([[POOL, NEW]]);
  expect(board.all().known).toEqual([[POOL, NEW]]);
});

test('what was learned under another configuration is not believed', () => {
  const late = new WelcomeBoard(0).news([[POOL, OLD]]);
  const board = new WelcomeBoard(0);
  board.heard(late);
  board.restart(1);
  expect(board.get(POOL)).toBeUndefined();
  expect(board.heard(late)).toEqual([]);
  expect(board.heard(board.news([[POOL, NEW]]))).toEqual([[POOL, NEW]]);
});

test('of very many pools the ones heard of last are remembered', () => {
  const board = new WelcomeBoard(0);
  const pools = Array.from({ length: 1001 }, (_, at) => `app/${at}` as PoolKey);
  board.heard(board.news(pools.map((pool) => [pool, OLD] as const)));
  expect(board.all().known).toHaveLength(1000);
  expect(board.get('app/0' as PoolKey)).toBeUndefined();
  expect(board.get('app/1000' as PoolKey)).toEqual(OLD);
});
