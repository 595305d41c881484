import type { SnapshotPart } from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import type { Order } from '../operator';
import type { ShutdownKind } from '../signals';
import type { Command } from './command';
import { invalidText } from './command';
import type { CommandName } from './command-help';
import { done, type Outcome, refused } from './outcome';
import type { Picture, ShowItem } from './show/item';
import { HELP, isFixedSetting, showItem } from './show/items';
import type { Column } from './table';

/** What the console can have done, wherever that happens. */
export interface ConsoleCommands {
  readonly view: (parts: readonly SnapshotPart[]) => Promise<Picture>;
  /** @returns false when the new configuration was refused; the log says why */
  readonly reload: () => Promise<boolean>;
  /** Changes one setting until the next reload. @returns false when it was refused */
  readonly set: (key: string, value: string) => Promise<boolean>;
  /** Resolves when it has been carried out. @returns why it was not */
  readonly order: (order: Order) => Promise<string | undefined>;
  /** Resolves when it has begun. */
  readonly shutDown: (how: ShutdownKind) => Promise<void>;
  /** @returns why that was not possible; undefined: every worker has been replaced */
  readonly replaceWorkers: () => Promise<string | undefined>;
}

/** Who asks, and what for. */
export interface Request {
  readonly command: Command;
  /** As it was typed, for the answer to what makes no sense. */
  readonly text: string;
  readonly isAdmin: boolean;
  /** Who asks. */
  readonly client: number;
}

interface Needs extends ConsoleCommands {
  readonly config: () => DaemonConfig;
}

const NO_ADMIN = refused('admin access needed', '42501');
const NO_MATCH = '55000';

const SHUTDOWN: Readonly<Record<string, ShutdownKind>> = {
  '': 'now',
  wait_for_clients: 'clients',
  wait_for_servers: 'servers',
};

/** The rows that `command` returns, before it has run; undefined: none. */
export function columnsOf(command: Command): readonly Column[] | undefined {
  return itemOf(command)?.columns;
}

/** SELECT is another word for SHOW. */
function itemOf(command: Command): ShowItem | undefined {
  if (command.kind !== 'command' || !['show', 'select'].includes(command.word)) return undefined;
  return showItem(command.argument?.toLowerCase() ?? '');
}

/** What an order waits for and may be told not to: the order that ends it. */
export function undoing(command: Command, client: number): Order | undefined {
  if (command.kind === 'switchover') return { kind: 'callOffSwitchover' };
  if (command.kind !== 'command') return undefined;
  const { word, argument } = command;
  if (word === 'pause') return { kind: 'resume', database: argument };
  return word === 'suspend' ? { kind: 'unsuspend', client } : undefined;
}

/** Whether there is such a command; its argument may still make no sense. */
export function isCommand(command: Command): boolean {
  if (command.kind !== 'command') return command.kind !== 'bad';
  return itemOf(command) !== undefined || asksForHelp(command) || runOf(command.word) !== undefined;
}

function asksForHelp({ word, argument }: Extract<Command, { kind: 'command' }>): boolean {
  return word === 'show' && argument?.toLowerCase() === 'help';
}

function runOf(word: string): Run | undefined {
  const runs: Readonly<Record<string, Run>> = PRIVILEGED;
  return Object.hasOwn(runs, word) ? runs[word] : undefined;
}

/** Runs one command. */
export async function runCommand(request: Request, needs: Needs): Promise<Outcome> {
  const { command, text, isAdmin } = request;
  if (command.kind === 'bad') return refused(command.message);
  if (command.kind === 'set') return await set(command, request, needs);
  if (command.kind === 'switchover') {
    return isAdmin ? await ordered('SWITCHOVER', command, needs) : NO_ADMIN;
  }
  const item = itemOf(command);
  if (item !== undefined) {
    if (item.forAdmins === true && !isAdmin) return NO_ADMIN;
    const picture = await needs.view(item.parts ?? []);
    const rows = item.rows({ picture, config: needs.config() });
    return { kind: 'rows', columns: item.columns, rows };
  }
  if (asksForHelp(command)) return done('SHOW', { message: 'Console usage', detail: HELP });
  const run = runOf(command.word);
  if (run === undefined) return refused(invalidText(text));
  if (!isAdmin) return NO_ADMIN;
  return (await run(command.argument, needs, request.client)) ?? refused(invalidText(text));
}

async function set(
  { key, value }: Extract<Command, { kind: 'set' }>,
  { isAdmin }: Request,
  needs: Needs,
): Promise<Outcome> {
  if (isFixedSetting(key)) return done('SET', { message: 'SET ignored' });
  if (!isAdmin) return NO_ADMIN;
  return (await needs.set(key, value))
    ? done(`SET ${key}=${value}`)
    : refused('SET failed', '22023');
}

/** undefined: there is no such command with this argument. */
type Run = (
  argument: string | undefined,
  needs: Needs,
  client: number,
) => Promise<Outcome | undefined>;

/** SET and SWITCHOVER are written in ways of their own. */
type PlainCommand = Exclude<CommandName, 'set' | 'switchover'>;

const PRIVILEGED: Readonly<Record<PlainCommand, Run>> = {
  reload: async (argument, needs) => {
    if (argument === undefined) {
      return (await needs.reload())
        ? done('RELOAD')
        : refused('RELOAD failed, see logs for additional details', 'F0000');
    }
    if (argument.toLowerCase() !== 'workers') return undefined;
    const problem = await needs.replaceWorkers();
    return problem === undefined ? done('RELOAD') : refused(problem, NO_MATCH);
  },
  shutdown: async (argument, needs) => {
    const how = SHUTDOWN[argument?.toLowerCase() ?? ''];
    if (how === undefined) return undefined;
    await needs.shutDown(how);
    return done('SHUTDOWN');
  },
  pause: (database, needs) => ordered('PAUSE', { kind: 'pause', database }, needs),
  resume: (database, needs) => ordered('RESUME', { kind: 'resume', database }, needs),
  reconnect: (database, needs) => ordered('RECONNECT', { kind: 'reconnect', database }, needs),
  kill: (database, needs) => ordered('KILL', { kind: 'kill', database }, needs),
  wait_close: (database, needs) => ordered('WAIT_CLOSE', { kind: 'waitClose', database }, needs),
  disable: (database, needs) => switched('DISABLE', 'disable', database, needs),
  enable: (database, needs) => switched('ENABLE', 'enable', database, needs),
  ban: (host, needs) => banned('BAN', 'ban', host, needs),
  unban: (host, needs) => banned('UNBAN', 'unban', host, needs),
  suspend: async (argument, needs, client) =>
    argument === undefined
      ? await ordered('SUSPEND', { kind: 'suspend', client }, needs)
      : undefined,
  reset: async (argument, needs) =>
    argument?.toLowerCase() === 'statements'
      ? await ordered('RESET', { kind: 'resetStatements' }, needs)
      : undefined,
  kill_client: async (argument, needs) => {
    const id = argument !== undefined && /^c?\d{1,15}$/.test(argument) ? argument : undefined;
    if (id === undefined) return refused('invalid client pointer supplied', '22023');
    const client = Number(id.replace(/^c/, ''));
    return await ordered('KILL_CLIENT', { kind: 'killClient', client }, needs);
  },
};

async function ordered(tag: string, order: Order, needs: Needs): Promise<Outcome> {
  const problem = await needs.order(order);
  return problem === undefined ? done(tag) : refused(problem, NO_MATCH);
}

async function switched(
  tag: string,
  kind: 'disable' | 'enable',
  database: string | undefined,
  needs: Needs,
): Promise<Outcome> {
  if (database === undefined) return refused('a database is required');
  return await ordered(tag, { kind, database }, needs);
}

async function banned(
  tag: string,
  kind: 'ban' | 'unban',
  host: string | undefined,
  needs: Needs,
): Promise<Outcome> {
  if (host === undefined) return refused('a host is required');
  return await ordered(tag, { kind, host }, needs);
}
