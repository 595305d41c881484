import { countRefusals } from '../../src/postgres/refused';

const line = (text: string): string => `2026-01-02 03:04:05.006 UTC [77] ${text}`;

test('refused connections are counted by the role that asked for too many', () => {
  const role = (name: string): string =>
    line(`53300 ${name}@bench FATAL:  too many connections for role "${name}"`);
  const log = [role('pgweir_bun_burst'), role('pgweir_bun_burst'), role('pgpool_scram')];
  const { byRole, serverFull } = countRefusals(log.join('\n'));
  expect(byRole).toEqual({ pgweir_bun_burst: 2, pgpool_scram: 1 });
  expect(serverFull).toBe(0);
});

test('a full server is another matter', () => {
  const full = line('53300 bench@bench FATAL:  sorry, too many clients already');
  expect(countRefusals(full)).toEqual({ byRole: {}, serverFull: 1 });
});

test('other errors, and statements that talk of it, do not count', () => {
  const log = [
    line('00000 LOG:  database system is ready to accept connections'),
    line('28P01 x@bench FATAL:  password authentication failed for user "x"'),
    line('42601 x@bench STATEMENT:  too many connections for role "x"'),
  ];
  expect(countRefusals(log.join('\n'))).toEqual({ byRole: {}, serverFull: 0 });
});
