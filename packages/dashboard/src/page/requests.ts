import {
  type History,
  type Now,
  type OrderNow,
  type PageOrder,
  type Refusal,
  type SessionState,
  type SettingRow,
  type Sparks,
  TOKEN_HEADER,
} from '../api';

const ANSWER_MS = 10_000;

/** The daemon has said no, or nobody has answered (`status` 0). The text is for people. */
export class RequestFailed extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function ask<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  let response: Response;
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    response = await fetch(`api/${path}`, { cache: 'no-store', ...init, signal });
  } catch (cause) {
    const message = cause instanceof DOMException ? 'no answer in time' : 'no connection';
    throw new RequestFailed(0, message);
  }
  if (response.ok) return await response.json();
  throw new RequestFailed(response.status, await reasonOf(response));
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { error }: Partial<Refusal> = JSON.parse(text);
    return error ?? response.statusText;
  } catch {
    return text.trim() === '' ? response.statusText : text.trim();
  }
}

async function post<Answer>(path: string, body: unknown, token = ''): Promise<Answer> {
  const headers = { 'content-type': 'application/json', [TOKEN_HEADER]: token };
  return await ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

export const askNow = (parts: readonly string[]): Promise<Now> =>
  ask(parts.length === 0 ? 'now' : `now?with=${parts.join(',')}`);

export interface PoolName {
  readonly database: string;
  readonly user: string;
}

export function askHistory(since: number, pool: PoolName | undefined): Promise<History> {
  const query = new URLSearchParams({ since: String(since), ...pool });
  return ask(`history?${query}`);
}

export const askSparks = (since: number): Promise<Sparks> => ask(`sparks?since=${since}`);
export const askSettings = (): Promise<readonly SettingRow[]> => ask('settings');
export const askSession = (): Promise<SessionState> => ask('session');
export const signIn = (password: string): Promise<SessionState> => post('session', { password });
export const signOut = (token: string): Promise<SessionState> => post('sign-out', {}, token);
export const giveOrder = (order: PageOrder, token: string): Promise<OrderNow> =>
  post('orders', order, token);
