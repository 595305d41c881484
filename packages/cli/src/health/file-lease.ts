import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import {
  type Choice,
  type ChoiceAnswer,
  type LeaseStanding,
  mayFollow,
  type PromoterLease,
  readChoice,
  readHolder,
} from '@pgweir/control';
import type { Clock, Logger } from '@pgweir/pooler';
import { lockFile } from '../system-calls';
import { errorCode, reasonOf } from '../system-error';

export interface FileLeaseNeeds {
  readonly path: string;
  /** Who this is, for people. */
  readonly holder: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How often whoever does not have it tries. */
const TRY_MS = 500;
const FILE_MODE = 0o600;

/**
 * The lease on one machine: a file that is locked. A process that is stopped keeps it, and one that ends
 * in whatever way has lost it.
 */
export class FileLease implements PromoterLease {
  readonly #needs: FileLeaseNeeds;
  #descriptor: number | undefined;
  #other: Exclude<LeaseStanding, { readonly kind: 'held' }>;
  #stop: () => void = () => undefined;
  #logged: string | undefined;

  constructor(needs: FileLeaseNeeds) {
    this.#needs = needs;
    this.#other = { kind: 'unknown', reason: `${needs.path} has not been opened yet` };
  }

  get standing(): LeaseStanding {
    return this.leftMs > 0 ? { kind: 'held' } : this.#other;
  }

  /** For as long as the file that is locked is the one that others would lock. */
  get leftMs(): number {
    const { path } = this.#needs;
    return this.#descriptor !== undefined && isFile(this.#descriptor, path)
      ? Number.POSITIVE_INFINITY
      : 0;
  }

  start(): void {
    this.#try();
    this.#stop = this.#needs.clock.every(TRY_MS, () => this.#try());
  }

  async renew(): Promise<void> {
    this.#try();
  }

  async chosen(systemIdentifier: string): Promise<Choice | undefined> {
    const place = this.choicePlace(systemIdentifier);
    const text = textOf(place);
    if (text === undefined) return undefined;
    const choice = readChoice(text);
    if (choice?.systemIdentifier === systemIdentifier) return choice;
    throw new Error(`what stands in ${place} is no choice of ours`);
  }

  async choose(choice: Choice): Promise<ChoiceAnswer> {
    try {
      const before = await this.chosen(choice.systemIdentifier);
      if (before !== undefined && !mayFollow(before, choice)) return { kind: 'taken', before };
      if (this.leftMs === 0) return { kind: 'failed', reason: 'the lease is not held' };
      replaceFile(this.choicePlace(choice.systemIdentifier), `${JSON.stringify(choice)}\n`);
      return { kind: 'chosen' };
    } catch (error) {
      return { kind: 'failed', reason: reasonOf(error) };
    }
  }

  choicePlace(systemIdentifier: string): string {
    return `${this.#needs.path}.chosen.${systemIdentifier}`;
  }

  async close(): Promise<void> {
    this.#stop();
    this.#letGo();
  }

  /** Takes the lock if it is free, and lets go of one that is worth nothing. */
  #try(): void {
    if (this.leftMs > 0) return;
    this.#letGo();
    try {
      this.#lock();
    } catch (error) {
      const { path } = this.#needs;
      this.#other = { kind: 'unknown', reason: `${path}: ${reasonOf(error)}` };
    }
    this.#report();
  }

  #lock(): void {
    const { path, holder } = this.#needs;
    const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, FILE_MODE);
    try {
      if (!lockFile(descriptor)) {
        this.#other = { kind: 'elsewhere', holder: readHolder(textOf(path) ?? '') };
        return closeSync(descriptor);
      }
      if (!isFile(descriptor, path)) throw new Error('it was replaced in the same moment');
      ftruncateSync(descriptor);
      writeSync(descriptor, `${JSON.stringify({ holder })}\n`, 0);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    this.#descriptor = descriptor;
  }

  #letGo(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
    this.#other = { kind: 'unknown', reason: `${this.#needs.path} is another file by now` };
  }

  /** One line for each change. */
  #report(): void {
    const { standing } = this;
    const what = JSON.stringify(standing);
    if (what === this.#logged) return;
    this.#logged = what;
    const { log, path: file } = this.#needs;
    if (standing.kind === 'held') log.info('the lease to promote is held', { file });
    else if (standing.kind === 'elsewhere') {
      const { holder } = standing;
      log.info('the lease to promote is held elsewhere', { file, holder });
    } else {
      const { reason } = standing;
      log.error('the lease to promote cannot be had: nobody would be promoted', { file, reason });
    }
  }
}

/** Whether a descriptor is open on what stands at a path. */
function isFile(descriptor: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false, bigint: true });
  const ours = fstatSync(descriptor, { bigint: true });
  return there !== undefined && there.ino === ours.ino && there.dev === ours.dev;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The old text or the new one, whatever happens. */
function replaceFile(path: string, text: string): void {
  const fresh = `${path}.new`;
  const descriptor = openSync(fresh, 'w', FILE_MODE);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(fresh, path);
}
