import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { reasonOf } from '../system-error';
import { loadBunCalls } from './bun-calls';
import { loadKoffiCalls } from './koffi-calls';
import type { FunctionName, NativeCalls } from './signatures';

/** System calls that the runtime itself does not offer. */
export class SystemCalls {
  readonly native: NativeCalls;

  constructor(native: NativeCalls) {
    this.native = native;
  }

  /**
   * Calls a function that fails with a negative result.
   *
   * @throws Error with the system's `code`, as those of the runtime have it
   */
  must(name: FunctionName, ...values: readonly (number | Buffer)[]): number {
    const result = this.native.call(name, ...values);
    if (result >= 0) return result;
    throw systemError(name, this.native.errno());
  }

  close(descriptor: number): void {
    this.native.call('close', descriptor);
  }
}

let loaded: SystemCalls | undefined;

/**
 * The system calls, loaded at the first use.
 *
 * @throws Error with a text for the operator where they cannot be had
 */
export function systemCalls(): SystemCalls {
  loaded ??= new SystemCalls(loadNative());
  return loaded;
}

/** Structures and constants are those of Linux on little-endian 64-bit machines. */
const MACHINES = ['x64', 'arm64', 'riscv64', 'loong64'];

function loadNative(): NativeCalls {
  const { platform, arch } = process;
  if (platform !== 'linux' || !MACHINES.includes(arch)) {
    throw new Error(`system calls need Linux on a 64-bit machine, and this is ${platform}/${arch}`);
  }
  try {
    return process.versions.bun === undefined ? loadKoffiCalls() : loadBunCalls();
  } catch (error) {
    throw new Error(`system calls cannot be loaded: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

function systemError(name: string, number: number): Error {
  const known = getSystemErrorMap().get(-number);
  const code = known?.[0] ?? codeOf(number);
  const text = known?.[1] ?? `error ${number}`;
  return Object.assign(new Error(`${name} ${code}: ${text}`), { code, errno: -number });
}

function codeOf(number: number): string {
  const found = Object.entries(constants.errno).find(([, value]) => value === number);
  return found?.[0] ?? `E${number}`;
}
