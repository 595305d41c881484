import type { BackendMessage } from '../wire/backend-message';
import { columnsText, noticeText, shown } from '../wire/message-text';
import { OWN_SCHEMA } from './scenario';

/** The first id that PostgreSQL gives to what users create. */
const OWN_OID_MIN = 16_384;

/**
 * Writes what one play observes so that two plays can be compared: without what must differ between
 * any two. The play's own schema becomes `own_schema` again, ids of created objects are counted
 * (`#1`), of the pid in a notification counts whether the session was told it as its own, and of
 * temporary schemas the number is dropped.
 */
export class Speller {
  readonly #realName: Buffer;
  readonly #oids = new Map<number, string>();

  /** @param realName as long as `OWN_SCHEMA` */
  constructor(realName: string) {
    this.#realName = Buffer.from(realName);
  }

  /** `bytes` with the real name in the place of `own_schema`. */
  real(bytes: Buffer): Buffer {
    return replaced(bytes, Buffer.from(OWN_SCHEMA), this.#realName);
  }

  /**
   * One line a message. Of ParameterStatus only what has changed by a ReadyForQuery is seen: `status`
   * keeps that.
   *
   * @param ownPid what the session was told with its BackendKeyData
   */
  lines(messages: readonly BackendMessage[], status: Status, ownPid: number | undefined): string[] {
    const lines: string[] = [];
    for (const { tag, body } of messages) {
      const plain = replaced(body, this.#realName, Buffer.from(OWN_SCHEMA));
      if (tag === 'S') status.take(plain);
      else {
        if (tag === 'Z') lines.push(...status.changes());
        lines.push(
          this.#line(tag, plain, ownPid).replace(/\bpg_(toast_)?temp_\d+/g, 'pg_$1temp_N'),
        );
      }
    }
    return lines;
  }

  #line(tag: string, body: Buffer, ownPid: number | undefined): string {
    switch (tag) {
      case 'E':
      case 'N':
        return `${tag} ${noticeText(body)}`;
      case 'T':
        return `T ${columnsText(body, (oid) => this.#oid(oid))}`;
      case 't':
        return `t ${parameterTypes(body)
          .map((oid) => this.#oid(oid))
          .join(' ')}`.trimEnd();
      case 'D':
        return `D ${valuesOf(body)}`;
      case 'A':
        return `A ${body.readInt32BE(0) === ownPid ? 'own' : 'other'}: ${shown(body.subarray(4, -1))}`;
      case 'K':
        return `K key of ${body.length - 4} bytes`;
      case 'C':
        return `C ${shown(body.subarray(0, -1))}`;
      default:
        return body.length === 0 ? tag : `${tag} ${shown(body)}`;
    }
  }

  #oid(oid: number): string {
    if (oid < OWN_OID_MIN) return String(oid);
    const known = this.#oids.get(oid) ?? `#${this.#oids.size + 1}`;
    this.#oids.set(oid, known);
    return known;
  }
}

/** What a session knows from ParameterStatus. */
export class Status {
  readonly #now = new Map<string, string>();
  readonly #seen = new Map<string, string>();

  take(body: Buffer): void {
    const [name = '', value = ''] = body.toString('latin1').split('\0');
    this.#now.set(name, value);
  }

  /** Lines for what has another value than at the last call, by name. */
  changes(): string[] {
    const lines: string[] = [];
    for (const [name, value] of this.#now) {
      if (this.#seen.get(name) === value) continue;
      this.#seen.set(name, value);
      lines.push(`S ${name} = ${value}`);
    }
    return lines.sort();
  }
}

function valuesOf(body: Buffer): string {
  const values: string[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left--) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? 'NULL' : `"${shown(body.subarray(at, at + length))}"`);
    at += Math.max(0, length);
  }
  return values.join(' ');
}

function parameterTypes(body: Buffer): number[] {
  return Array.from({ length: body.readInt16BE(0) }, (_, i) => body.readUInt32BE(2 + 4 * i));
}

/** A copy; `from` and `to` have one length. */
function replaced(bytes: Buffer, from: Buffer, to: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = copy.indexOf(from); at >= 0; at = copy.indexOf(from, at + to.length))
    to.copy(copy, at);
  return copy;
}
