import { emfLine } from '../../src/metrics/emf-line';
import { emfProblems } from '../support/emf-rules';

const at = { namespace: 'pgweir', wallMs: Date.now() + 0.5 };
const metrics = [{ name: 'QueryRequests', unit: 'Count', value: 3 }] as const;

test('a line says what it is about, and CloudWatch takes it', () => {
  const line = emfLine({ dimensions: { ProxyName: 'a', EndpointName: 'b' }, metrics }, at);
  expect(emfProblems(line)).toEqual([]);
  expect(JSON.parse(line)).toEqual({
    _aws: {
      Timestamp: Math.round(at.wallMs),
      CloudWatchMetrics: [
        {
          Namespace: 'pgweir',
          Dimensions: [['ProxyName', 'EndpointName']],
          Metrics: [{ Name: 'QueryRequests', Unit: 'Count' }],
        },
      ],
    },
    ProxyName: 'a',
    EndpointName: 'b',
    QueryRequests: 3,
  });
});

test.each(['größe', ':first', '   ', 'a\nb', 'x'.repeat(2000), '"; DROP'])(
  'a database that is named %j is one that CloudWatch takes',
  (name) => {
    expect(emfProblems(emfLine({ dimensions: { EndpointName: name }, metrics }, at))).toEqual([]);
  },
);

test.each([
  [{ _aws: {} }, 'no CloudWatchMetrics'],
  [{ _aws: { Timestamp: 5, CloudWatchMetrics: [] } }, 'Timestamp is out of range'],
  [{ _aws: { Timestamp: Date.now(), CloudWatchMetrics: [{ Namespace: 'AWS/RDS' }] } }, 'Namespace'],
])('the rules find what is wrong: %j', (line, problem) => {
  expect(emfProblems(JSON.stringify(line))).toContain(problem);
});
