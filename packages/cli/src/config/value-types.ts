/** What reading a value gives. `refused`: understood, but cannot be had; `why` says so to a person. */
export type Parsed<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'bad' }
  | { readonly kind: 'refused'; readonly why: string };

/** How the text of a setting becomes a value, and back for SHOW CONFIG. */
export interface ValueType<T> {
  readonly name:
    | 'whole number'
    | 'switch'
    | 'time'
    | 'choice'
    | 'list'
    | 'text'
    | 'protocols'
    | 'addresses'
    | 'fraction'
    | 'headers';
  /** Ends the sentence "accepted: ...". */
  readonly accepted: string;
  parse(text: string): Parsed<T>;
  /** As PgBouncer prints it. */
  show(value: T): string;
}

const BAD = { kind: 'bad' } as const;
const ok = <T>(value: T): Parsed<T> => ({ kind: 'ok', value });

/** The largest value of PgBouncer's integers. */
const INT_MAX = 2_147_483_647;
const WHOLE_NUMBER = /^\+?(?:0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i;

/** As strtol with base 0: decimal, 0octal, 0xhexadecimal. */
export function wholeNumber(limits: { min?: number; max?: number } = {}): ValueType<number> {
  const { min = 0, max = INT_MAX } = limits;
  return {
    name: 'whole number',
    accepted: `a whole number from ${min} to ${max}`,
    parse(text) {
      if (!WHOLE_NUMBER.test(text)) return BAD;
      const digits = text.replace(/^\+/, '');
      const octal = /^0[0-7]+$/.test(digits);
      const value = octal ? Number.parseInt(digits, 8) : Number(digits);
      return value >= min && value <= max ? ok(value) : BAD;
    },
    show: String,
  };
}

/** Of a hundred; the empty text means "not set". */
export const percent: ValueType<number | undefined> = {
  name: 'whole number',
  accepted: 'a whole number from 0 to 100',
  parse: (text) => (text === '' ? ok(undefined) : wholeNumber({ max: 100 }).parse(text)),
  show: (value) => (value === undefined ? '' : String(value)),
};

const PORT = wholeNumber({ min: 1, max: 65_535 });

/** A port, or several with commas between. */
export const ports: ValueType<readonly number[]> = listOf(
  () => PORT,
  'whole numbers from 1 to 65535, with commas between',
);

/** Whole numbers with commas between. */
export const numbers: ValueType<readonly number[]> = listOf(
  () => wholeNumber(),
  'whole numbers, with commas between',
);

function listOf(one: () => ValueType<number>, accepted: string): ValueType<readonly number[]> {
  return {
    name: 'list',
    accepted,
    parse(text) {
      const values: number[] = [];
      for (const part of text.split(',')) {
        const parsed = one().parse(part.trim());
        if (parsed.kind !== 'ok') return BAD;
        values.push(parsed.value);
      }
      return ok(values);
    },
    show: (values) => values.join(','),
  };
}

const SWITCHES: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['yes', true],
  ['true', true],
  ['on', true],
  ['0', false],
  ['no', false],
  ['false', false],
  ['off', false],
]);

/** 0 or 1 as PgBouncer has it, or a word. */
export const onOff: ValueType<boolean> = {
  name: 'switch',
  accepted: '0 or 1 (no or yes, false or true, off or on)',
  parse(text) {
    const value = SWITCHES.get(text.toLowerCase());
    return value === undefined ? BAD : ok(value);
  },
  show: (value) => (value ? '1' : '0'),
};

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['us', 0.001],
  ['ms', 1],
  ['s', 1000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);
/** Longer than any sensible time, short enough for exact arithmetic. */
const TIME_MS_MAX = INT_MAX * 1000;
const TIME = /^\+?(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+)\s*(us|ms|s|min|h|d)?$/i;

/** Seconds, fractions allowed, or a number with a unit. The value is in milliseconds. */
export function time(limits: { minMs?: number } = {}): ValueType<number> {
  const { minMs = 0 } = limits;
  const least = minMs > 0 ? ` of at least ${minMs / 1000}` : '';
  return {
    name: 'time',
    accepted: `seconds${least} (30, 0.5) or a number with a unit (us, ms, s, min, h, d), not negative`,
    parse(text) {
      const match = TIME.exec(text);
      if (match === null) return BAD;
      const unitMs = UNIT_MS.get(match[2]?.toLowerCase() ?? 's') ?? 1000;
      // Whole microseconds: 0.1 s must not become 100.00000000000001 ms.
      const value = Math.round(Number(match[1]) * unitMs * 1000) / 1000;
      return value >= minMs && value <= TIME_MS_MAX ? ok(value) : BAD;
    },
    show: (value) => String(Number((value / 1000).toPrecision(6))),
  };
}

/** As `time`; the empty text and -1 mean "not set". */
export const optionalTime: ValueType<number | undefined> = {
  ...time(),
  accepted: `${time().accepted}; nothing or -1`,
  parse: (text) => (text === '' || text === '-1' ? ok(undefined) : time().parse(text)),
  show: (value) => (value === undefined ? '' : time().show(value)),
};

/** One of some words, in any case. `refused` are words that PgBouncer knows and we do not offer. */
export function oneOf<const Word extends string>(
  words: readonly Word[],
  refused: Readonly<Record<string, string>> = {},
): ValueType<Word> {
  return {
    name: 'choice',
    accepted: words.join(', '),
    parse(text) {
      const lower = text.toLowerCase();
      const word = words.find((candidate) => candidate.toLowerCase() === lower);
      if (word !== undefined) return ok(word);
      const why = Object.entries(refused).find(([name]) => name === lower)?.[1];
      return why === undefined ? BAD : { kind: 'refused', why };
    },
    show: (value) => value,
  };
}

/** Addresses of HTTP servers with commas between. Each may have a login, which is never shown. */
export const httpUrls: ValueType<readonly string[]> = {
  name: 'list',
  accepted: 'addresses like http://host:8008 or https://user:password@host, with commas between',
  parse(text) {
    const urls = text.split(',').map((url) => httpUrl(url.trim()));
    return urls.every((url) => url !== undefined) ? ok(urls.map(({ href }) => href)) : BAD;
  },
  show: (values) => values.map((url) => new URL(url).origin).join(','),
};

function httpUrl(text: string): URL | undefined {
  try {
    const url = new URL(text);
    // What stands in front of the @ must be readable as well.
    for (const part of [url.username, url.password]) decodeURIComponent(part);
    const isPlain = url.search === '' && url.hash === '';
    return /^https?:$/.test(url.protocol) && isPlain ? url : undefined;
  } catch {
    return undefined;
  }
}

/** Names with commas between; blanks around them do not count. Empty: none. */
export const list: ValueType<readonly string[]> = {
  name: 'list',
  accepted: 'names with commas between them',
  parse(text) {
    const names = text.split(',').map((name) => name.trim());
    // A trailing comma is common and harmless.
    return ok(names.filter((name) => name !== ''));
  },
  show: (value) => value.join(', '),
};

/** Anything; the empty text usually means "not set". */
export function text(limits: { bytesMax?: number } = {}): ValueType<string> {
  const { bytesMax = 65_530 } = limits;
  return {
    name: 'text',
    accepted: `text of at most ${bytesMax} bytes`,
    parse: (value) => (Buffer.byteLength(value) <= bytesMax ? ok(value) : BAD),
    show: (value) => value,
  };
}

const HOST_PATTERN = /^[a-z0-9.-]*\?[a-z0-9.-]*$/i;
const HOST_CHARS_MAX = 255;

/** The name of a host with a `?` in it. */
export const hostPattern: ValueType<string> = {
  name: 'text',
  accepted: 'the name of a host with one ? in it',
  parse: (value) => (value.length <= HOST_CHARS_MAX && HOST_PATTERN.test(value) ? ok(value) : BAD),
  show: String,
};

/** A part of a whole: 0.01, 1. */
export const fraction: ValueType<number> = {
  name: 'fraction',
  accepted: 'a number from 0 to 1',
  parse(text) {
    const value = /^(?:\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
    return value >= 0 && value <= 1 ? ok(value) : BAD;
  },
  show: String,
};

/** Where requests of HTTP are sent to; the empty text means "nowhere". It is shown, and has no secret. */
export const httpEndpoint: ValueType<string> = {
  name: 'text',
  accepted: 'an address like http://host:4318/v1/traces, without a login and without ? or #',
  parse(text) {
    if (text === '') return ok('');
    const url = httpUrl(text);
    if (url === undefined || url.username !== '' || url.password !== '') return BAD;
    if (!url.hostname.startsWith('[')) return ok(url.href);
    return { kind: 'refused', why: 'the host has to be a name or an address of IPv4' };
  },
  show: String,
};

const HEADERS_MAX = 32;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

/** `name=value,name=value`, as OpenTelemetry has it: values are percent-encoded. Secret as a rule. */
export const httpHeaders: ValueType<Readonly<Record<string, string>>> = {
  name: 'headers',
  accepted: `at most ${HEADERS_MAX} headers like name=value with commas between, values percent-encoded`,
  parse(text) {
    const parts = text.split(',').filter((part) => part.trim() !== '');
    if (parts.length > HEADERS_MAX) return BAD;
    const headers: Record<string, string> = {};
    for (const part of parts) {
      const at = part.indexOf('=');
      const name = part.slice(0, Math.max(0, at)).trim().toLowerCase();
      const value = decoded(part.slice(at + 1).trim());
      // What a header cannot have would fail in each request.
      if (!HEADER_NAME.test(name) || value === undefined || !/^[\x20-\x7e]*$/.test(value))
        return BAD;
      headers[name] = value;
    }
    return ok(headers);
  },
  show: (headers) =>
    Object.entries(headers)
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
      .join(','),
};

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
