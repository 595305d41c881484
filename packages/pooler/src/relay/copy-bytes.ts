/** What is longer is copied by a native function, the call of which costs as much as a short loop. */
const SHORT_BYTES_MAX = 24;

/** Copies `source[start, end)` to `target` at `at`. */
export function copyBytes(
  source: Buffer,
  start: number,
  end: number,
  target: Buffer,
  at: number,
): void {
  if (end - start > SHORT_BYTES_MAX) {
    source.copy(target, at, start, end);
    return;
  }
  let to = at;
  for (let from = start; from < end; from++) target[to++] = source[from] ?? 0;
}
