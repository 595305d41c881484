import { AcceptedSettings } from '../../src/pool/accepted-settings';

test('what was accepted is known by name and value', () => {
  const settings = new AcceptedSettings();
  settings.remember('timezone', 'utc', 'UTC');
  settings.remember('datestyle', 'ISO', undefined);
  expect(settings.lookup('timezone', 'utc')).toEqual({ value: 'UTC' });
  expect(settings.lookup('timezone', 'UTC')).toBeUndefined();
  expect(settings.lookup('datestyle', 'ISO')).toEqual({ value: undefined });
});

test('names and values that run into each other stay apart', () => {
  const settings = new AcceptedSettings();
  settings.remember('a', 'bc', '1');
  expect(settings.lookup('ab', 'c')).toBeUndefined();
});

test('not more than a thousand are remembered; the oldest goes first', () => {
  const settings = new AcceptedSettings();
  for (let i = 0; i <= 1000; i++) settings.remember('search_path', `s${i}`, `s${i}`);
  expect(settings.lookup('search_path', 's0')).toBeUndefined();
  expect(settings.lookup('search_path', 's1')).toEqual({ value: 's1' });
  expect(settings.lookup('search_path', 's1000')).toEqual({ value: 's1000' });
});

test('a setting that is remembered again takes no second place', () => {
  const settings = new AcceptedSettings();
  for (let i = 0; i < 1000; i++) settings.remember('search_path', `s${i}`, undefined);
  settings.remember('search_path', 's999', 'other');
  expect(settings.lookup('search_path', 's0')).toEqual({ value: undefined });
  expect(settings.lookup('search_path', 's999')).toEqual({ value: 'other' });
});

test('nothing is known after clear', () => {
  const settings = new AcceptedSettings();
  settings.remember('timezone', 'utc', 'UTC');
  settings.clear();
  expect(settings.lookup('timezone', 'utc')).toBeUndefined();
});
