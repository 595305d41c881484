import type { ValueType } from './value-types';

/** Where the right to promote is kept. */
export type LeasePlace =
  | { readonly kind: 'nowhere' }
  /** An absolute path on this machine. */
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'etcd';
      /** Of all members, without a login. */
      readonly urls: readonly string[];
      readonly login: { readonly user: string; readonly password: string } | undefined;
      readonly key: string;
    };

const ETCD = /^(etcd|https?):\/\/(?:([^@/]*)@)?([^@/]+)\/([^\s]+)$/;
const ETCD_PORT = 2379;
const KEY_BYTES_MAX = 500;

/** The login is never shown. */
export const leasePlace: ValueType<LeasePlace> = {
  name: 'text',
  accepted:
    'file:/absolute/path, or etcd://host:2379,host2:2379/key (http is the same; https://user:password@host:2379/key)',
  parse(text) {
    const place = text === '' ? { kind: 'nowhere' as const } : (fileOf(text) ?? etcdOf(text));
    return place === undefined ? { kind: 'bad' } : { kind: 'ok', value: place };
  },
  show(place) {
    switch (place.kind) {
      case 'nowhere':
        return '';
      case 'file':
        return `file:${place.path}`;
      case 'etcd': {
        const [scheme = ''] = place.urls.map((url) => new URL(url).protocol);
        return `${scheme}//${place.urls.map((url) => new URL(url).host).join(',')}/${place.key}`;
      }
    }
  },
};

function fileOf(text: string): LeasePlace | undefined {
  const path = /^file:(?:\/\/)?(\/.*[^/])$/.exec(text)?.[1];
  return path === undefined ? undefined : { kind: 'file', path };
}

function etcdOf(text: string): LeasePlace | undefined {
  const [, word = '', words, hosts = '', key = ''] = ETCD.exec(text) ?? [];
  const scheme = word === 'etcd' ? 'http' : word;
  const urls = hosts.split(',').map((host) => urlOf(scheme, host.trim()));
  const login = words === undefined ? undefined : loginOf(words);
  if (login === null || key === '' || Buffer.byteLength(key) > KEY_BYTES_MAX) return undefined;
  if (!urls.every((url) => url !== undefined)) return undefined;
  return { kind: 'etcd', urls, login, key };
}

function urlOf(scheme: string, host: string): string | undefined {
  try {
    const url = new URL(`${scheme}://${/:\d+$/.test(host) ? host : `${host}:${ETCD_PORT}`}`);
    return url.hostname !== '' && url.pathname === '/' && url.search === '' ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** @returns null: it is none */
function loginOf(words: string): { user: string; password: string } | null {
  const at = words.indexOf(':');
  if (at <= 0) return null;
  try {
    const [user, password] = [words.slice(0, at), words.slice(at + 1)].map(decodeURIComponent);
    return { user: user ?? '', password: password ?? '' };
  } catch {
    return null;
  }
}
