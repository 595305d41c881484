import type { TlsVersion } from '@pgweir/pooler';
import type { ValueType } from './value-types';

export interface TlsRange {
  readonly min: TlsVersion;
  readonly max: TlsVersion;
  /** As it was written, for SHOW CONFIG. */
  readonly text: string;
}

const VERSIONS: readonly TlsVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];
const NAMES: ReadonlyMap<string, readonly number[]> = new Map([
  ['tlsv1.0', [0]],
  ['tlsv1.1', [1]],
  ['tlsv1.2', [2]],
  ['tlsv1.3', [3]],
  ['tlsv1', [0, 1, 2, 3]],
  ['all', [0, 1, 2, 3]],
  ['legacy', [0, 1, 2, 3]],
  ['secure', [2, 3]],
  ['default', [2, 3]],
]);

/** A list of versions without gaps. */
export const tlsProtocols: ValueType<TlsRange> = {
  name: 'protocols',
  accepted: 'secure, all, or a list of tlsv1.0, tlsv1.1, tlsv1.2, tlsv1.3',
  parse(text) {
    const chosen = new Set<number>();
    for (const name of text.split(/[,:]/)) {
      const versions = NAMES.get(name.trim().toLowerCase());
      if (versions === undefined) return { kind: 'bad' };
      for (const version of versions) chosen.add(version);
    }
    const least = Math.min(...chosen);
    const most = Math.max(...chosen);
    if (most - least + 1 !== chosen.size) {
      return { kind: 'refused', why: 'a version between the lowest and the highest is left out' };
    }
    const min = VERSIONS[least];
    const max = VERSIONS[most];
    if (min === undefined || max === undefined) return { kind: 'bad' };
    return { kind: 'ok', value: { min, max, text } };
  },
  show: (value) => value.text,
};
