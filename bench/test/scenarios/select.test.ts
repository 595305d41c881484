import { SCENARIOS, selectScenarios, unservable } from '../../src/scenarios/select';

const namesOf = (selection: Parameters<typeof selectScenarios>[0]): string[] =>
  selectScenarios(selection).map(({ name }) => name);

test('names of scenarios are unique', () => {
  expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
});

test('a quick run has each group once', () => {
  const groups = selectScenarios({ quick: true, only: [] }).map(({ group }) => group);
  expect(new Set(groups)).toEqual(new Set(SCENARIOS.map(({ group }) => group)));
  expect(groups).toHaveLength(new Set(groups).size);
});

test('words choose scenarios, quick or not', () => {
  expect(namesOf({ quick: true, only: ['simple c1000', 'copy'] })).toEqual([
    'simple c1000',
    'copy in',
    'copy out',
  ]);
});

test('a word that fits nothing is an error that names what there is', () => {
  expect(() => selectScenarios({ quick: false, only: ['cpoy'] })).toThrow(/"cpoy"; .*copy in/);
});

test('nobody is asked for a link for each of a thousand clients', () => {
  const reasons = SCENARIOS.filter((scenario) => unservable(scenario) !== undefined);
  expect(reasons.map(({ name }) => name)).toEqual(['prepared c1000']);
});
