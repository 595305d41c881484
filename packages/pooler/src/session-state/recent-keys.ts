import { isSame } from './statement-messages';

/** Names for which there is a place; a power of two. */
const PLACES = 1024;

/** A name and its key. */
interface Known {
  readonly bytes: Buffer;
  readonly key: string;
}

/**
 * Makes strings of names in messages. Clients use few names again and again, and the same ones: of a
 * name that was used lately the string is there, and to compare bytes costs less than to make one.
 */
export class RecentKeys {
  readonly #places: (Known | undefined)[] = new Array<Known | undefined>(PLACES).fill(undefined);

  /** `buffer[start, end)`, each byte a character. */
  of(buffer: Buffer, start: number, end: number): string {
    let hash = end - start;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (buffer[at] ?? 0)) | 0;
    const place = hash & (PLACES - 1);
    const known = this.#places[place];
    if (known !== undefined && isSame(known.bytes, buffer, start, end)) return known.key;
    const key = buffer.toString('latin1', start, end);
    this.#places[place] = { bytes: Buffer.from(key, 'latin1'), key };
    return key;
  }
}
