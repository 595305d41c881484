import { Turns } from '../../src/ldap/turns';

/** Jobs that end when they are told to. */
function jobs() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    begun,
    job: (name: string) => () => {
      begun.push(name);
      return new Promise<void>((resolve) => ends.set(name, resolve));
    },
    async end(name: string): Promise<void> {
      ends.get(name)?.();
      await new Promise(setImmediate);
    },
  };
}

test('no more run than may, the others in their order, without those who have left', async () => {
  const { begun, job, end } = jobs();
  const turns = new Turns(2);
  const [, , leave] = ['a', 'b', 'c', 'd'].map((name) => turns.add(job(name)));
  expect(begun).toEqual(['a', 'b']);
  expect(turns.waiting).toBe(2);
  leave?.();
  await end('b');
  expect(begun).toEqual(['a', 'b', 'd']);
  await end('a');
  await end('d');
  expect([turns.running, turns.waiting]).toEqual([0, 0]);
});

test('whoever leaves while it runs changes nothing', async () => {
  const { begun, job, end } = jobs();
  const turns = new Turns(1);
  const leave = turns.add(job('a'));
  leave();
  leave();
  turns.add(job('b'));
  expect(begun).toEqual(['a']);
  await end('a');
  expect(begun).toEqual(['a', 'b']);
});
