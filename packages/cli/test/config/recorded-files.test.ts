import { writeFileSync } from 'node:fs';
import { loadConfig } from '../../src/config/load';
import { FileRecorder, recordedFiles } from '../../src/config/recorded-files';
import { tempDir } from '../support/temp-dir';

const directory = tempDir();

test('a configuration can be loaded again from what was read, when the files have changed', () => {
  const at = (name: string) => directory.file(name);
  writeFileSync(at('a.ini'), '%include b.ini\n[databases]\napp = host=x\n');
  writeFileSync(at('b.ini'), '[pgbouncer]\nauth_file = users.txt\nlisten_port = 7\n');
  writeFileSync(at('users.txt'), '"ann" "secret"\n');
  const recorder = new FileRecorder();
  const cwd = directory.path;
  const first = loadConfig('a.ini', { cwd, readFile: recorder.readFile });
  for (const name of ['a.ini', 'b.ini', 'users.txt']) writeFileSync(at(name), 'nonsense');
  // As they travel between processes.
  const files = JSON.parse(JSON.stringify(recorder.files));
  const second = loadConfig('a.ini', { cwd, readFile: recordedFiles(files) });
  if (first.kind !== 'ok' || second.kind !== 'ok') throw new Error('not loaded');
  expect(second.config.values).toEqual(first.config.values);
  expect(second.config.pooler).toEqual(first.config.pooler);
  expect(second.config.listen.port).toBe(7);
});

test('what could not be read then cannot be read again, for the same reason', () => {
  const recorder = new FileRecorder();
  const missing = directory.file('missing');
  expect(() => recorder.readFile(missing)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  writeFileSync(missing, 'here now');
  const read = recordedFiles(recorder.files);
  expect(() => read(missing)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  expect(() => read(directory.file('never asked for'))).toThrow(
    expect.objectContaining({ code: 'ENOENT' }),
  );
});
