import { reasonOf } from '../system-error';
import { type Accounts, systemAccounts } from './accounts';

export type UserChange =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly why: string };

/** Becomes `name`, with the groups of that user and no way back. */
export function changeUser(name: string, accounts: Accounts = systemAccounts): UserChange {
  const account = accounts.user(name);
  if (account === undefined) return { kind: 'failed', why: `user '${name}' is not known here` };
  if (process.getuid?.() === account.uid && process.geteuid?.() === account.uid) {
    return { kind: 'done' };
  }
  const { setgid, setuid } = process;
  const initgroups = 'initgroups' in process ? process.initgroups : undefined;
  if (typeof initgroups !== 'function' || setgid === undefined || setuid === undefined) {
    return { kind: 'failed', why: 'this system has no users to change to' };
  }
  try {
    // Missing in the type declarations. Without it root's groups would stay.
    Reflect.apply(initgroups, process, [account.name, account.gid]);
    setgid(account.gid);
    setuid(account.uid);
    return { kind: 'done' };
  } catch (error) {
    return { kind: 'failed', why: `cannot become user '${name}': ${reasonOf(error)}` };
  }
}
