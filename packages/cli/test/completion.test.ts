import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { completionScript } from '../src/completion/completion';
import { SHELLS } from '../src/tools/completion';
import { run, testWith } from './e2e/support/programs';
import { tempDir } from './support/temp-dir';

const directory = tempDir();

test.each(SHELLS)(
  'the script for %s has every tool, and knows which options take a value',
  (shell) => {
    const script = completionScript(shell);
    for (const word of [
      'top',
      'doctor',
      'healthcheck',
      'hash-password',
      'iam-token',
      'completion',
    ]) {
      expect(script).toContain(word);
    }
    expect(script).toMatch(/(?:--|-l )reboot/);
    expect(script).toMatch(/(?:--|-l )iterations/);
  },
);

/** What bash offers for the last of these words. */
function bash(...words: readonly string[]): readonly string[] {
  writeFileSync(directory.file('script'), completionScript('bash'));
  writeFileSync(directory.file('app.ini'), '');
  const line = ['pgweir', ...words];
  const program = `cd "$1"; source ./script; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_pgweir; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ['-c', program, 'bash', directory.path, ...line];
  const { status, stdout, stderr } = spawnSync('bash', args, { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').filter((word) => word !== '');
}

testWith('bash')('bash completes tools and files, options of each, and shells', async () => {
  expect(bash('do')).toEqual(['doctor']);
  expect(bash('h')).toEqual(['healthcheck', 'hash-password']);
  expect(bash('ap')).toEqual(['app.ini']);
  expect(bash('-d', 'a')).toEqual(['app.ini']);
  expect(bash('--re')).toEqual(['--reboot']);
  expect(bash('doctor', '--')).toEqual([
    ...['--from-env', '--json', '--instances', '--timeout', '--help'],
  ]);
  expect(bash('doctor', 'a')).toEqual(['app.ini']);
  expect(bash('doctor', '--instances', 'a')).toEqual([]);
  expect(bash('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  expect(bash('hash-password', 'a')).toEqual([]);
});

testWith('zsh')('zsh takes the script as what completes pgweir', async () => {
  writeFileSync(directory.file('script'), completionScript('zsh'));
  const program = 'autoload -U compinit && compinit -D && source $1 && print -r -- $_comps[pgweir]';
  expect(await run('zsh', ['-f', '-c', program, 'zsh', directory.file('script')])).toMatchObject({
    ...{ code: 0, stdout: '_pgweir\n' },
  });
});

testWith('fish')('fish completes tools, options of each, and shells', async () => {
  writeFileSync(directory.file('script'), completionScript('fish'));
  const fish = async (line: string): Promise<readonly string[]> => {
    const program = `source ${directory.file('script')}; complete -C '${line}'`;
    const { stdout } = await run('fish', ['--no-config', '-c', program]);
    return stdout.split('\n').flatMap((one) => (one === '' ? [] : [one.split('\t')[0] ?? '']));
  };
  expect(await fish('pgweir do')).toContain('doctor');
  expect(await fish('pgweir doctor --ins')).toEqual(['--instances']);
  expect(await fish('pgweir completion ')).toEqual(['bash', 'fish', 'zsh']);
});
