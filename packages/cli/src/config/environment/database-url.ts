/** A database as one URL has it. */
export type DatabaseUrl =
  | {
      readonly kind: 'ok';
      /** Name of the entry, and of the database on the server. */
      readonly name: string;
      /** What the entry says, as it would stand in a file. */
      readonly entry: string;
      /** Who may log in; undefined: the URL names no user with a password. */
      readonly login: { readonly user: string; readonly password: string } | undefined;
    }
  /** `message` never shows the URL: it may hold a password. */
  | { readonly kind: 'bad'; readonly message: string };

// As libpq has it, where several hosts may stand: no URL of the web may have that.
const SHAPE =
  /^postgres(?:ql)?:\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?([^@/?#]*)(?:\/([^?#/]*))?(?:\?([^#]*))?$/;
const HOST = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::(\d*))?$/;
const USUAL_PORT = '5432';

/** Words of libpq for what entries have other words for. */
const OUR_WORDS: Readonly<Record<string, string>> = {
  sslmode: 'server_tls_sslmode',
  sslrootcert: 'server_tls_ca_file',
  sslcert: 'server_tls_cert_file',
  sslkey: 'server_tls_key_file',
};

/**
 * Reads `postgres://user:password@host:port/name?parameter=value` as libpq does, several hosts with
 * commas between as well. Parameters are those of an entry of `[databases]`, which judges them.
 */
export function readDatabaseUrl(text: string): DatabaseUrl {
  const match = SHAPE.exec(text.trim());
  if (match === null) {
    return bad('expected postgres://user:password@host:port/name; special characters as %xx');
  }
  const [, user, password, hosts = '', name = '', query = ''] = match;
  try {
    const places = readHosts(hosts);
    if (places === undefined) return bad('a host or its port cannot be read');
    const database = decodeURIComponent(name);
    if (database === '') return bad('it names no database');
    const parameters = [
      ...places,
      ...[...new URLSearchParams(query)].map(
        ([key, value]) => [OUR_WORDS[key] ?? key, value] as const,
      ),
    ];
    const strange = parameters.find(([key]) => !/^\w+$/.test(key));
    if (strange !== undefined) return bad('the name of a parameter cannot be read');
    const login = {
      user: decodeURIComponent(user ?? ''),
      password: decodeURIComponent(password ?? ''),
    };
    // They become a line of a file.
    if (/[\r\n\0]/.test(login.user + login.password)) return bad('user or password has a line end');
    return {
      kind: 'ok',
      name: database,
      entry: parameters.map(([key, value]) => `${key}=${quotedValue(value)}`).join(' '),
      login: login.user !== '' && login.password !== '' ? login : undefined,
    };
  } catch (error) {
    // The only thing that decoding throws.
    if (!(error instanceof URIError)) throw error;
    return bad('a % is not followed by two hexadecimal digits of UTF-8');
  }
}

function readHosts(text: string): readonly (readonly [key: string, value: string])[] | undefined {
  if (text === '') return [];
  const hosts: string[] = [];
  const ports: string[] = [];
  for (const part of text.split(',')) {
    const match = HOST.exec(part);
    if (match === null) return undefined;
    hosts.push(decodeHost(match[1] ?? match[2] ?? ''));
    ports.push(match[3] || USUAL_PORT);
  }
  return [
    ['host', hosts.join(',')],
    ['port', ports.join(',')],
  ];
}

/** A folder of sockets is written as %2Fvar%2Frun. */
function decodeHost(text: string): string {
  return text.includes('%2') ? decodeURIComponent(text) : text;
}

function quotedValue(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

function bad(message: string): DatabaseUrl {
  return { kind: 'bad', message };
}
