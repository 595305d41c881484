import type { ValueType } from './value-types';

export interface HttpAddress {
  /** A name or an address; `*`: everywhere. */
  readonly host: string;
  /** 0: the system chooses a free one. */
  readonly port: number;
}

const HOST_AND_PORT = /^(?:\[([0-9a-f:.%]+)\]|([^\s:[\]/@]+)):(\d{1,5})$/i;
const PORT_MAX = 65_535;

/** Where HTTP is served; the empty text means nowhere. */
export const httpAddress: ValueType<HttpAddress | undefined> = {
  name: 'text',
  accepted: 'host:port, like 127.0.0.1:9930, [::1]:9930 or *:9930',
  parse(text) {
    if (text === '') return { kind: 'ok', value: undefined };
    const [, six, host = six, digits = ''] = HOST_AND_PORT.exec(text) ?? [];
    const port = Number(digits);
    if (host === undefined || port > PORT_MAX) return { kind: 'bad' };
    return { kind: 'ok', value: { host, port } };
  },
  show: (value) => (value === undefined ? '' : shownAddress(value)),
};

export function shownAddress({ host, port }: HttpAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
