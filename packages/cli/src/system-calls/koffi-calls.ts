import { type FunctionName, type NativeCalls, SIGNATURES } from './signatures';

/** What we use of koffi. */
interface Koffi {
  load(library: null): {
    func(name: string, result: string, types: readonly string[]): (...values: unknown[]) => unknown;
  };
  address(bytes: Buffer): bigint;
  errno(): number;
}

const TYPES: Readonly<Record<string, string>> = { i: 'int', p: 'void *', l: 'long' };

/** Calls by way of koffi, which is a native module. @throws Error where it does not exist */
export function loadKoffiCalls(): NativeCalls {
  // Here and not above: one process alone needs no system calls, and may have no koffi.
  const koffi: Koffi = require('koffi');
  const library = koffi.load(null);
  const functions = new Map<FunctionName, (...values: unknown[]) => unknown>();
  for (const [name, letters] of Object.entries(SIGNATURES)) {
    const types = [...letters].map((letter) => TYPES[letter] ?? 'void');
    const result = types.pop() ?? 'void';
    functions.set(name as FunctionName, library.func(name, result, types));
  }
  return {
    call: (name, ...values) => Number(functions.get(name)?.(...values)),
    address: (bytes) => koffi.address(bytes),
    errno: () => koffi.errno(),
  };
}
