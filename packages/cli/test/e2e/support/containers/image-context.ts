import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addProgram } from '@pgweir/testkit';

const DOCKER = join(__dirname, '..', '..', '..', '..', '..', '..', 'docker');

/** The last stage of our Dockerfile. */
export function lastStage(): string {
  const text = readFileSync(join(DOCKER, 'Dockerfile'), 'utf8');
  return text.slice(text.lastIndexOf('\nFROM ') + 1);
}

/**
 * Writes what builds our image where its base cannot be had: every line of our Dockerfile's last stage as
 * it is, but on the bare libraries that the executable needs, and without licences.
 */
export function writeImageContext(dir: string, executable: string): void {
  const root = join(dir, 'rootfs');
  mkdirSync(root);
  addProgram(root, executable, '/usr/bin/pgweir');
  const bare = lastStage()
    .replace(/^FROM .*$/m, 'FROM scratch')
    .replace(/^COPY --from=executable .* \/pgweir .*$/m, 'COPY rootfs /')
    .replace(/^COPY --from=executable \/licenses .*\n/m, '');
  if (bare.match(/^COPY /gm)?.length !== 1) throw new Error(`not one line that copies:\n${bare}`);
  writeFileSync(join(dir, 'Dockerfile'), bare);
}
