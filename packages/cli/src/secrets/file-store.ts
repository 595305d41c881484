import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Clock, SecretFault, SecretReading, SecretStore } from '@pgweir/pooler';
import { errorCode, reasonOf } from '../system-error';
import type { FileTurns } from './file-turns';

/** How often it is looked whether the file is another one. */
const LOOK_MS = 500;
/** As much as a secret of AWS may have. */
const SECRET_BYTES_MAX = 65_536;
/** A pipe without anybody who writes must not keep us. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

const WHY: Readonly<Record<string, SecretFault>> = {
  ENOENT: 'missing',
  ENOTDIR: 'missing',
  EACCES: 'denied',
  EPERM: 'denied',
  EISDIR: 'unusable',
};

/**
 * A secret in a file that somebody replaces, as Kubernetes mounts it: by a link that leads elsewhere from
 * one moment to the next. So its name is followed again each time.
 */
export class FileStore implements SecretStore {
  readonly hasStages = false;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #turns: FileTurns;
  #isReading = false;

  constructor(
    path: string,
    { clock, turns }: { readonly clock: Clock; readonly turns: FileTurns },
  ) {
    this.#path = path;
    this.#clock = clock;
    this.#turns = turns;
  }

  async read(
    stage: 'current' | 'pending' | 'previous',
    signal: AbortSignal,
  ): Promise<SecretReading> {
    if (stage !== 'current') return { kind: 'none' };
    // On a mount that hangs it may never return, and nothing can be done about it.
    if (this.#isReading) return failed('unreachable', 'the reading before has not returned yet');
    this.#isReading = true;
    try {
      const reading = await this.#turns.take(() => readWhole(this.#path), signal);
      return reading ?? failed('unreachable', 'other files have kept it waiting');
    } catch (error) {
      return failed(WHY[errorCode(error) ?? ''] ?? 'unreachable', reasonOf(error));
    } finally {
      this.#isReading = false;
    }
  }

  watch(changed: () => void): () => void {
    const left = new AbortController();
    let isLooking = false;
    let before: string | undefined;
    const look = async (): Promise<void> => {
      if (isLooking) return;
      isLooking = true;
      const now = await this.#turns.take(() => mark(this.#path), left.signal);
      if (before !== undefined && now !== before && !left.signal.aborted) changed();
      before = now;
      isLooking = false;
    };
    void look();
    const stop = this.#clock.every(LOOK_MS, () => void look());
    return () => {
      stop();
      left.abort();
    };
  }
}

function failed(why: SecretFault, reason: string): SecretReading {
  return { kind: 'failed', why, reason };
}

async function readWhole(path: string): Promise<SecretReading> {
  const file = await open(path, FLAGS);
  try {
    const found = await file.stat();
    if (!found.isFile()) return failed('unusable', 'it is not a regular file');
    const { mtime } = found;
    const buffer = Buffer.alloc(SECRET_BYTES_MAX + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) break;
    }
    if (length > SECRET_BYTES_MAX) {
      return failed('unusable', `the file has more than ${SECRET_BYTES_MAX} bytes`);
    }
    const text = buffer.toString('utf8', 0, length);
    const version = { id: mtime.toISOString(), text, createdAtMs: mtime.getTime() };
    return { kind: 'read', version };
  } finally {
    await file.close();
  }
}

/** Another text when the file is another one, or has been written to. Never rejects. */
async function mark(path: string): Promise<string> {
  try {
    const { ctimeNs, dev, ino, mtimeNs, size } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return `${errorCode(error)}`;
  }
}
