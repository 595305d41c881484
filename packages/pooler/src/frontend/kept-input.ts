import { Frontend } from '@pgweir/protocol';

/** What a client has sent and could not be sent on yet. Owns its bytes. */
export class KeptInput {
  bytes = 0;
  #parts: Buffer[] = [];
  /** The cancelled statement ends with its Sync, not with its first message. */
  #skipToSync = false;

  /** Keeps copies. */
  add(parts: readonly Buffer[]): void {
    for (const part of parts) {
      if (part.length === 0) continue;
      this.#parts.push(Buffer.from(part));
      this.bytes += part.length;
    }
  }

  /** Everything, and nothing is kept any more. */
  take(): Buffer {
    const [first] = this.#parts;
    const all =
      this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts);
    this.clear();
    return all;
  }

  clear(): void {
    this.#parts = [];
    this.bytes = 0;
  }

  /** The first statement was cancelled before it was sent on: how much belongs to it? */
  beginSkipping(): void {
    const tag = this.#parts[0]?.[0] ?? 0;
    this.#skipToSync = tag !== Frontend.Query && tag !== Frontend.FunctionCall;
  }

  /** Whether a skipped frame with this tag is the last of the cancelled statement. */
  endsSkipping(tag: number): boolean {
    if (this.#skipToSync) return tag === Frontend.Sync;
    return tag === Frontend.Query || tag === Frontend.FunctionCall;
  }
}
