import type { SnapshotPart } from '@pgweir/pooler';
import type { Picture } from '../admin/show/item';

type View = (parts: readonly SnapshotPart[]) => Promise<Picture>;

/** So old a picture may be: many who look at once cost as much as one. */
const FRESH_MS = 500;

/** One picture for all who ask at about the same time for the same parts. */
export class SharedView {
  readonly #view: View;
  readonly #nowMs: () => number;
  readonly #taken = new Map<
    string,
    { readonly atMs: number; readonly picture: Promise<Picture> }
  >();

  constructor(view: View, nowMs: () => number) {
    this.#view = view;
    this.#nowMs = nowMs;
  }

  /** Something was changed: what is asked for from now on must show that. */
  renew(): void {
    this.#taken.clear();
  }

  picture(parts: readonly SnapshotPart[]): Promise<Picture> {
    const key = [...parts].sort().join();
    const atMs = this.#nowMs();
    const known = this.#taken.get(key);
    if (known !== undefined && atMs - known.atMs < FRESH_MS) return known.picture;
    const picture = this.#view(parts);
    this.#taken.set(key, { atMs, picture });
    // One that could not be taken, or is old, is not kept.
    const forget = (): void => {
      if (this.#taken.get(key)?.picture === picture) this.#taken.delete(key);
    };
    picture.then(() => setTimeout(forget, FRESH_MS).unref(), forget);
    return picture;
  }
}
