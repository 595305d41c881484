import type { Random } from '../random';
import type { SessionModel } from './model/session-model';
import type { Row, Wanted } from './outcome';

/** An SQL statement, and what a connection of one's own would answer. */
export interface Statement {
  /** Of its kind; `--without` switches kinds off. */
  readonly name: string;
  readonly sql: string;
  /** For the history, where the text is long. */
  readonly label?: string;
  /** Of the bind parameters; then it cannot go as a simple query. */
  readonly values?: readonly string[];
  readonly returnsRows: boolean;
  /** Works in a failed transaction. */
  readonly exits?: boolean;
  /** Fails before it is asked whether the transaction has. */
  readonly isUnreadable?: boolean;
  /** Must be the only one of its group. */
  readonly isAlone?: boolean;
  /** Asks for this advisory lock. */
  readonly locks?: number;
  /** Can neither fail nor change anything. */
  readonly isQuiet?: boolean;
  /** After it the session may have something that ties it to a link. */
  readonly pins?: boolean;
  /** What may come in this state, outside of failed transactions unless it `exits`. */
  expect(model: SessionModel): readonly Wanted[];
  /** What it does to the state, when it has succeeded. */
  apply?(model: SessionModel, rows: readonly Row[]): void;
  /** When it failed; what an error does to the transaction is known already. */
  failed?(model: SessionModel, code: string): void;
}

/** Makes a statement that fits the state; undefined: there is none just now. */
export type Maker = (model: SessionModel, random: Random) => Statement | undefined;
