import type { Random } from '../random';
import type { Diary } from './diary';

/** What every application works with, whatever its driver. */
export interface ApplicationNeeds {
  readonly port: number;
  readonly random: Random;
  readonly diary: Diary;
  /** A connection has gone that nobody has closed. */
  readonly lost: (what: string) => void;
}

/** An application with connections of its own. Each piece of work notes what it was told. */
export interface Application {
  /** So many pieces may be done at once. */
  readonly lanes: number;
  connect(): Promise<void>;
  end(): Promise<void>;
  /** Entries that are committed by themselves. @returns whether one of them was acknowledged */
  write(): Promise<boolean>;
  transaction(): Promise<void>;
  read(): Promise<void>;
  /** Is what the application has set up still there? Between failovers. @throws Error when it is not */
  check(): Promise<void>;
}

/** At the most, between two statements and between two pieces of work. */
export const PAUSE_MS = 5;

/** Tables hold what they did when they were made. @throws Error when the rows are not those */
export function checkThings(rows: readonly unknown[], id: number): void {
  if (JSON.stringify(rows) !== JSON.stringify([{ id, worth: id * 2 }])) {
    throw new Error(`a read of ${id} brought ${JSON.stringify(rows)}`);
  }
}
