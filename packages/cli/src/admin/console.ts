import type {
  DaemonSnapshot,
  Logger,
  UserName,
  VirtualClient,
  VirtualDatabase,
  VirtualOutput,
  VirtualSession,
} from '@pgweir/pooler';
import {
  commandComplete,
  decodeQuery,
  errorResponse,
  Frontend,
  noticeResponse,
  ProtocolViolation,
  readyForQuery,
} from '@pgweir/protocol';
import type { ShutdownKind } from '../signals';
import { VERSION } from '../version';
import { SHOW_ITEMS, show } from './commands/show';

/** What the console can have done, wherever that happens. */
export interface ConsoleCommands {
  readonly view: () => Promise<DaemonSnapshot>;
  /** @returns false when the new configuration was refused; the log says why */
  readonly reload: () => Promise<boolean>;
  /** Resolves when it has begun. */
  readonly shutDown: (how: ShutdownKind) => Promise<void>;
  /** @returns why that was not possible; undefined: every worker has been replaced */
  readonly replaceWorkers: () => Promise<string | undefined>;
}

interface ConsoleNeeds extends ConsoleCommands {
  readonly mayAdmin: (user: UserName) => boolean;
  readonly mayRead: (user: UserName) => boolean;
  readonly log: Logger;
}

/** No command is longer; what a stranger sends beyond it is not even looked at. */
const COMMAND_CHARACTERS_MAX = 1000;

const PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['server_version', `${VERSION}/pgweir`],
  ['client_encoding', 'UTF8'],
  ['server_encoding', 'UTF8'],
  ['DateStyle', 'ISO'],
  ['TimeZone', 'GMT'],
  ['standard_conforming_strings', 'on'],
  ['is_superuser', 'on'],
]);

/**
 * The admin console: a database that no server has, with a handful of commands so far. Simple queries
 * only.
 */
export class AdminConsole implements VirtualDatabase {
  readonly names = ['pgbouncer', 'pgweir'];
  readonly #needs: ConsoleNeeds;

  constructor(needs: ConsoleNeeds) {
    this.#needs = needs;
  }

  admits(user: UserName): boolean {
    return this.#needs.mayAdmin(user) || this.#needs.mayRead(user);
  }

  parameters(): ReadonlyMap<string, string> {
    return PARAMETERS;
  }

  open(client: VirtualClient, output: VirtualOutput): VirtualSession {
    let busy: Promise<void> = Promise.resolve();
    return {
      message: (tag, body) => {
        // One after the other, so that answers keep the order of the questions.
        busy = busy
          .then(() => this.#message(client, output, tag, body))
          .catch((error: unknown) => {
            this.#needs.log.error('console command failed', {
              client: client.id,
              reason: error instanceof Error ? error.message : String(error),
            });
            output.close('console command failed');
          });
      },
      closed: () => undefined,
    };
  }

  async #message(
    client: VirtualClient,
    output: VirtualOutput,
    tag: number,
    body: Buffer,
  ): Promise<void> {
    if (tag !== Frontend.Query) {
      output.send(
        errorResponse({
          severity: 'FATAL',
          code: '0A000',
          message: 'extended query protocol not supported by admin console',
        }),
      );
      output.close('extended query protocol on the console');
      return;
    }
    let sql: string;
    try {
      sql = decodeQuery(body);
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error;
      output.send(refusal('bad packet'));
      return;
    }
    output.send(await this.#answer(client, sql));
  }

  async #answer(client: VirtualClient, sql: string): Promise<Buffer> {
    if (sql.length > COMMAND_CHARACTERS_MAX) return refusal('bad arguments');
    const [command = '', item = '', ...more] = words(sql);
    if (more.length > 0) return refusal(`invalid command '${sql}', use SHOW HELP;`);
    if (command === 'show' || command === 'select') {
      if (item === 'help') return help();
      const answer = show(item, await this.#needs.view());
      if (answer !== undefined) return answer;
    } else if (command === 'reload' && item === '') {
      return this.#asAdmin(client, async () =>
        (await this.#needs.reload())
          ? done('RELOAD')
          : refusal('RELOAD failed, see logs for additional details', 'F0000'),
      );
    } else if (command === 'reload' && item === 'workers') {
      return this.#asAdmin(client, async () => {
        const problem = await this.#needs.replaceWorkers();
        return problem === undefined ? done('RELOAD') : refusal(problem, '55000');
      });
    } else if (command === 'shutdown') {
      const how = SHUTDOWN[item];
      if (how !== undefined) {
        return this.#asAdmin(client, async () => {
          await this.#needs.shutDown(how);
          return done('SHUTDOWN');
        });
      }
    }
    return refusal(`invalid command '${sql}', use SHOW HELP;`);
  }

  async #asAdmin(client: VirtualClient, run: () => Promise<Buffer>): Promise<Buffer> {
    const allowed = client.isOwner || this.#needs.mayAdmin(client.user);
    return allowed ? await run() : refusal('admin access needed', '42501');
  }
}

/** The words of a command in lower case, without the semicolon at its end. */
function words(sql: string): readonly string[] {
  const text = sql.trim();
  return (text.endsWith(';') ? text.slice(0, -1) : text).trim().toLowerCase().split(/\s+/);
}

const SHUTDOWN: Readonly<Record<string, ShutdownKind>> = {
  '': 'now',
  wait_for_clients: 'clients',
  wait_for_servers: 'servers',
};

function done(tag: string): Buffer {
  return Buffer.concat([commandComplete(tag), readyForQuery('I')]);
}

function refusal(message: string, code = '08P01'): Buffer {
  return Buffer.concat([errorResponse({ severity: 'ERROR', code, message }), readyForQuery('I')]);
}

function help(): Buffer {
  const detail = `\n\tSHOW ${['HELP', ...SHOW_ITEMS.map((name) => name.toUpperCase())].join('|')}
\tRELOAD [WORKERS]
\tSHUTDOWN [WAIT_FOR_CLIENTS|WAIT_FOR_SERVERS]`;
  return Buffer.concat([
    noticeResponse({ severity: 'NOTICE', code: '00000', message: 'Console usage', detail }),
    commandComplete('SHOW'),
    readyForQuery('I'),
  ]);
}
