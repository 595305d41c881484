import type { Logger, VirtualOutput, VirtualSession } from '@pgweir/pooler';
import {
  bindComplete,
  closeComplete,
  commandComplete,
  decodeBind,
  decodeExecute,
  decodeParse,
  decodeQuery,
  decodeTarget,
  emptyQueryResponse,
  errorResponse,
  Frontend,
  noData,
  noticeResponse,
  ProtocolViolation,
  parameterDescription,
  parseComplete,
  portalSuspended,
  readyForQuery,
} from '@pgweir/protocol';
import { reasonOf } from '../system-error';
import { type Command, invalidText, parseCommand } from './command';
import { columnsOf, isCommand } from './commands';
import { type Outcome, refused } from './outcome';
import { type Column, describeColumns, encodeRow, type Format } from './table';

/** Bytes of messages that wait for the one in front of them; more is no conversation. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;
/** What a message that waits takes besides its bytes. */
const MESSAGE_BYTES = 256;
/** Named statements and portals of one client, and how long their names may be. */
const NAMES_MAX = 1000;
const NAME_BYTES_MAX = 63;

interface Statement {
  readonly text: string;
  /** Undefined: nothing but space. */
  readonly command: Command | undefined;
}

interface Portal {
  readonly statement: Statement;
  readonly formats: readonly Format[];
  /** It has run, and is none that goes on giving rows. */
  isDone: boolean;
  /** What is left of its rows, once it has begun. */
  rest: Extract<Outcome, { kind: 'rows' }> | undefined;
}

interface Needs {
  /** Runs a command for this client. */
  readonly run: (text: string, command: Command) => Promise<Outcome>;
  readonly canceled: () => void;
  readonly closed: () => void;
  readonly log: Logger;
}

/** An error that ends the group of extended messages. */
class Refused extends Error {
  readonly outcome: Extract<Outcome, { kind: 'refused' }>;

  constructor(outcome: Outcome) {
    super('refused');
    this.outcome = outcome as Extract<Outcome, { kind: 'refused' }>;
  }
}

/**
 * One client of the console, by the simple and the extended protocol. Messages are answered one after
 * the other, in the order in which they came.
 */
export class ConsoleSession implements VirtualSession {
  readonly #statements = new Map<string, Statement>();
  readonly #portals = new Map<string, Portal>();
  /** After an error: up to the next Sync. */
  #skips = false;
  #waitingBytes = 0;
  #isClosed = false;
  #busy: Promise<void> = Promise.resolve();
  readonly #output: VirtualOutput;
  readonly #needs: Needs;

  constructor(output: VirtualOutput, needs: Needs) {
    this.#output = output;
    this.#needs = needs;
  }

  message(tag: number, body: Buffer): void {
    const bytes = body.length + MESSAGE_BYTES;
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > WAITING_BYTES_MAX) {
      this.#output.close('too many console commands at once');
      return;
    }
    this.#busy = this.#busy
      .then(async () => {
        if (this.#isClosed) return;
        await this.#answer(tag, body);
        // The next one is for when the client has taken the answer.
        await this.#output.drained();
      })
      .catch((error: unknown) => {
        this.#needs.log.error('console command failed', { reason: reasonOf(error) });
        this.#output.close('console command failed');
      })
      .finally(() => {
        this.#waitingBytes -= bytes;
      });
  }

  canceled(): void {
    this.#needs.canceled();
  }

  closed(): void {
    this.#isClosed = true;
    this.#needs.closed();
  }

  async #answer(tag: number, body: Buffer): Promise<void> {
    try {
      if (tag === Frontend.Sync) {
        this.#skips = false;
        // There are no transactions: portals live until here.
        this.#portals.clear();
        this.#output.send(readyForQuery('I'));
      } else if (this.#skips) return;
      else if (tag === Frontend.Query) await this.#query(body);
      else await this.#extended(tag, body);
    } catch (error) {
      this.#failed(tag, error);
    }
  }

  #failed(tag: number, error: unknown): void {
    const outcome = error instanceof Refused ? error.outcome : undefined;
    if (outcome === undefined && !(error instanceof ProtocolViolation)) throw error;
    const { message, code } = outcome ?? { message: 'bad packet', code: '08P01' };
    const response = errorResponse({ severity: 'ERROR', code, message });
    if (tag === Frontend.Query) this.#output.send(Buffer.concat([response, readyForQuery('I')]));
    else {
      this.#skips = true;
      this.#output.send(response);
    }
  }

  async #query(body: Buffer): Promise<void> {
    const text = decodeQuery(body);
    const outcome = await this.#needs.run(text, parseCommand(text));
    if (outcome.kind === 'refused') throw new Refused(outcome);
    const parts: Buffer[] = [];
    if (outcome.kind === 'rows') {
      parts.push(describeColumns(outcome.columns, []));
      for (const row of outcome.rows) parts.push(encodeRow(outcome.columns, row, []));
    }
    parts.push(...completed(outcome), readyForQuery('I'));
    this.#output.send(Buffer.concat(parts));
  }

  async #extended(tag: number, body: Buffer): Promise<void> {
    switch (tag) {
      case Frontend.Parse:
        this.#parse(body);
        return;
      case Frontend.Bind:
        this.#bind(body);
        return;
      case Frontend.Describe:
        this.#describe(body);
        return;
      case Frontend.Execute:
        await this.#execute(body);
        return;
      case Frontend.Close: {
        const { kind, name } = decodeTarget(Frontend.Close, body);
        (kind === 'statement' ? this.#statements : this.#portals).delete(name);
        this.#output.send(closeComplete());
        return;
      }
      case Frontend.Flush:
        return;
      default:
        this.#output.send(
          errorResponse({
            severity: 'FATAL',
            code: '08P01',
            message: `unsupported packet type for admin console: ${tag}`,
          }),
        );
        this.#output.close('unsupported packet type on the console');
    }
  }

  #parse(body: Buffer): void {
    const { name, sql: text } = decodeParse(body);
    if (name === '') this.#statements.delete('');
    if (name !== '' && this.#statements.has(name)) {
      throw new Refused(refused(`prepared statement "${name}" already exists`, '42P05'));
    }
    const isEmpty = /^[\s;]*$/.test(text);
    const command = isEmpty ? undefined : parseCommand(text);
    if (command?.kind === 'bad') throw new Refused(refused(command.message, '42601'));
    if (command !== undefined && !isCommand(command)) {
      throw new Refused(refused(invalidText(text), '42601'));
    }
    this.#makeRoom(this.#statements, name);
    this.#statements.set(name, { text, command });
    this.#output.send(parseComplete());
  }

  #bind(body: Buffer): void {
    const { portal, statement: name, parameters, resultFormats } = decodeBind(body);
    const statement = this.#statementNamed(name);
    if (parameters.length > 0) {
      const message = `bind message supplies ${parameters.length} parameters, but console commands have none`;
      throw new Refused(refused(message));
    }
    if (portal !== '' && this.#portals.has(portal)) {
      throw new Refused(refused(`cursor "${portal}" already exists`, '42P03'));
    }
    const columns = columnsOfStatement(statement) ?? [];
    this.#makeRoom(this.#portals, portal);
    this.#portals.set(portal, {
      statement,
      formats: formatsOf(columns, resultFormats),
      isDone: false,
      rest: undefined,
    });
    this.#output.send(bindComplete());
  }

  #makeRoom(names: ReadonlyMap<string, unknown>, name: string): void {
    if (names.size >= NAMES_MAX || Buffer.byteLength(name) > NAME_BYTES_MAX)
      throw new Refused(refused('too many names, or too long ones', '53000'));
  }

  #describe(body: Buffer): void {
    const { kind, name } = decodeTarget(Frontend.Describe, body);
    const portal = kind === 'portal' ? this.#portalNamed(name) : undefined;
    const statement = portal?.statement ?? this.#statementNamed(name);
    const columns = columnsOfStatement(statement);
    const rows = columns === undefined ? noData() : describeColumns(columns, portal?.formats ?? []);
    const parts = kind === 'statement' ? [parameterDescription([]), rows] : [rows];
    this.#output.send(Buffer.concat(parts));
  }

  async #execute(body: Buffer): Promise<void> {
    const { portal: name, rowsMax } = decodeExecute(body);
    const portal = this.#portalNamed(name);
    const { text, command } = portal.statement;
    if (command === undefined) {
      this.#output.send(emptyQueryResponse());
      return;
    }
    if (portal.isDone) throw new Refused(refused(`portal "${name}" cannot be run`, '55000'));
    const outcome = portal.rest ?? (await this.#needs.run(text, command));
    if (outcome.kind === 'refused') throw new Refused(outcome);
    if (outcome.kind === 'done') {
      portal.isDone = true;
      this.#output.send(Buffer.concat(completed(outcome)));
      return;
    }
    const { columns, rows } = outcome;
    const count = rowsMax > 0 ? Math.min(rowsMax, rows.length) : rows.length;
    const parts = rows.slice(0, count).map((row) => encodeRow(columns, row, portal.formats));
    portal.rest = { ...outcome, rows: rows.slice(count) };
    if (count < rows.length) parts.push(portalSuspended());
    else parts.push(...completed(outcome));
    this.#output.send(Buffer.concat(parts));
  }

  #statementNamed(name: string): Statement {
    const statement = this.#statements.get(name);
    if (statement !== undefined) return statement;
    const what = name === '' ? 'unnamed prepared statement' : `prepared statement "${name}"`;
    throw new Refused(refused(`${what} does not exist`, '26000'));
  }

  #portalNamed(name: string): Portal {
    const portal = this.#portals.get(name);
    if (portal !== undefined) return portal;
    throw new Refused(refused(`portal "${name}" does not exist`, '34000'));
  }
}

function columnsOfStatement({ command }: Statement): readonly Column[] | undefined {
  return command === undefined ? undefined : columnsOf(command);
}

function formatsOf(columns: readonly Column[], codes: readonly number[]): readonly Format[] {
  if (codes.length > 1 && codes.length !== columns.length) {
    const message = `bind message has ${codes.length} result formats but query has ${columns.length} columns`;
    throw new Refused(refused(message));
  }
  return columns.map((_, at) => {
    const code = codes.length === 1 ? codes[0] : (codes[at] ?? 0);
    if (code !== 0 && code !== 1) {
      throw new Refused(refused(`unsupported format code: ${code}`, '22023'));
    }
    return code === 1 ? 'binary' : 'text';
  });
}

/** The end of a command, with what it has to say besides. */
function completed(outcome: Exclude<Outcome, { kind: 'refused' }>): readonly Buffer[] {
  if (outcome.kind === 'rows') return [commandComplete('SHOW')];
  const { notice, tag } = outcome;
  if (notice === undefined) return [commandComplete(tag)];
  return [noticeResponse({ severity: 'NOTICE', code: '00000', ...notice }), commandComplete(tag)];
}
