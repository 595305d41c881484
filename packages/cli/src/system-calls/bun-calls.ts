import { type FunctionName, type NativeCalls, SIGNATURES } from './signatures';

/** What we use of `bun:ffi`. */
interface BunFfi {
  dlopen(
    library: string,
    functions: Readonly<
      Record<string, { readonly args: readonly string[]; readonly returns: string }>
    >,
  ): { readonly symbols: Readonly<Record<string, (...values: readonly unknown[]) => unknown>> };
  ptr(bytes: Uint8Array): number;
  readonly read: { i32(address: unknown): number };
}

const TYPES: Readonly<Record<string, string>> = { i: 'i32', p: 'ptr', l: 'i64' };

/** glibc, and musl by the names that it goes by. */
const LIBRARIES = ['libc.so.6', 'libc.musl-x86_64.so.1', 'libc.musl-aarch64.so.1', 'libc.so'];

/** Calls by way of Bun's own FFI. @throws Error where there is no C library that it can open */
export function loadBunCalls(): NativeCalls {
  const ffi: BunFfi = require('bun:ffi');
  const wanted: Record<string, { readonly args: readonly string[]; readonly returns: string }> = {
    __errno_location: { args: [], returns: 'ptr' },
  };
  for (const [name, letters] of Object.entries(SIGNATURES)) {
    const types = [...letters].map((letter) => TYPES[letter] ?? 'void');
    const returns = types.pop() ?? 'void';
    wanted[name] = { args: types, returns };
  }
  const symbols = openLibrary(ffi, wanted);
  const pointer = (value: number | Buffer) => (typeof value === 'number' ? value : ffi.ptr(value));
  return {
    call: (name: FunctionName, ...values) => Number(symbols[name]?.(...values.map(pointer))),
    address: (bytes) => BigInt(ffi.ptr(bytes)),
    errno: () => ffi.read.i32(symbols.__errno_location?.()),
  };
}

function openLibrary(
  ffi: BunFfi,
  wanted: Parameters<BunFfi['dlopen']>[1],
): ReturnType<BunFfi['dlopen']>['symbols'] {
  let problem: unknown;
  for (const library of LIBRARIES) {
    try {
      return ffi.dlopen(library, wanted).symbols;
    } catch (error) {
      problem ??= error;
    }
  }
  throw new Error('no C library could be opened', { cause: problem });
}
