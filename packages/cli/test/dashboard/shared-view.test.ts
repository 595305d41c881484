import { SharedView } from '../../src/dashboard/shared-view';
import { PICTURE } from '../support/console-client';

test('all who ask at about the same time for the same parts share a picture', async () => {
  let nowMs = 0;
  let taken = 0;
  const view = new SharedView(
    async () => ({ ...PICTURE, clientsTotal: ++taken }),
    () => nowMs,
  );
  const [a, b] = await Promise.all([view.picture([]), view.picture([])]);
  expect([a.clientsTotal, b.clientsTotal]).toEqual([1, 1]);
  expect((await view.picture(['pins', 'waiters'])).clientsTotal).toBe(2);
  expect((await view.picture(['waiters', 'pins'])).clientsTotal).toBe(2);
  view.renew();
  expect((await view.picture([])).clientsTotal).toBe(3);
  nowMs = 500;
  expect((await view.picture([])).clientsTotal).toBe(4);
});

test('a picture that could not be taken is not shared with those who come later', async () => {
  let fails = true;
  const view = new SharedView(
    async () => {
      if (fails) throw new Error('no worker answers');
      return PICTURE;
    },
    () => 0,
  );
  await expect(view.picture([])).rejects.toThrow('no worker answers');
  fails = false;
  expect(await view.picture([])).toBe(PICTURE);
});
