/** A key as etcd tells it. Revisions are decimal numbers of 64 bits, and only compared. */
export interface EtcdValue {
  readonly value: string;
  readonly createRevision: string;
  readonly modRevision: string;
}

/** What came of a transaction, or of a look at one key. */
export interface EtcdAnswer {
  readonly succeeded: boolean;
  /** Of the store, after it. */
  readonly revision: string;
  /** What the first look in it has found; undefined: there is no such key, or it had no look. */
  readonly found: EtcdValue | undefined;
}

const NUMBER = /^\d{1,20}$/;

/** @returns undefined when no etcd would answer so */
export function readAnswer(json: unknown): EtcdAnswer | undefined {
  const revision = numberIn(fieldOf(json, 'header'), 'revision');
  if (revision === undefined) return undefined;
  const responses = fieldOf(json, 'responses');
  const looks = Array.isArray(responses) ? responses : [];
  const look = looks.map((each) => fieldOf(each, 'response_range')).find((each) => each) ?? json;
  const values = fieldOf(look, 'kvs');
  if (values === undefined) return { succeeded: hasSucceeded(json), revision, found: undefined };
  const [first, ...others]: unknown[] = Array.isArray(values) ? values : [];
  const found = readValue(first);
  if (found === undefined || others.length > 0) return undefined;
  return { succeeded: hasSucceeded(json), revision, found };
}

/** The number of a lease and its length in seconds. @returns undefined when no etcd would say so */
export function readGrant(json: unknown): { id: string; seconds: number } | undefined {
  const id = numberIn(json, 'ID');
  const seconds = numberIn(json, 'TTL');
  if (id === undefined || id === '0' || seconds === undefined || seconds === '0') return undefined;
  return { id, seconds: Number(seconds) };
}

/** What lets in from then on. @returns undefined: nothing of that kind */
export function readToken(json: unknown): string | undefined {
  const token = fieldOf(json, 'token');
  return typeof token === 'string' && token !== '' ? token : undefined;
}

/** Why something was refused, in the words of etcd. */
export function readRefusal(json: unknown): { code: number | undefined; text: string } {
  const code = fieldOf(json, 'code');
  const text = fieldOf(json, 'message') ?? fieldOf(json, 'error');
  const words = typeof text === 'string' ? text.replace(/\p{Cc}/gu, ' ').slice(0, 200) : '';
  return { code: typeof code === 'number' ? code : undefined, text: words };
}

/** Where etcd says nothing it means false. */
function hasSucceeded(json: unknown): boolean {
  return fieldOf(json, 'succeeded') === true;
}

function readValue(json: unknown): EtcdValue | undefined {
  const value = fieldOf(json, 'value') ?? '';
  const createRevision = numberIn(json, 'create_revision');
  const modRevision = numberIn(json, 'mod_revision');
  if (createRevision === undefined || modRevision === undefined) return undefined;
  if (typeof value !== 'string') return undefined;
  return { value: Buffer.from(value, 'base64').toString(), createRevision, modRevision };
}

function numberIn(json: unknown, name: string): string | undefined {
  const field = fieldOf(json, name);
  const text = typeof field === 'number' ? String(field) : field;
  return typeof text === 'string' && NUMBER.test(text) ? text : undefined;
}

function fieldOf(json: unknown, name: string): unknown {
  if (typeof json !== 'object' || json === null || !Object.hasOwn(json, name)) return undefined;
  return (json as Readonly<Record<string, unknown>>)[name];
}
