import type { Address, BudgetFromWorker, BudgetToWorker } from '@pgweir/pooler';
import { BUDGET_VERSION } from '@pgweir/pooler';
import type { Question } from '../workers/messages';

/**
 * Goes up when a message between an old and a new process changes its meaning: unlike a supervisor and
 * its workers, these two may be different versions of the program.
 */
export const RESTART_VERSION = `1.${BUDGET_VERSION}`;

type Nothing = Record<string, never>;

/** A listening socket that is handed over. */
export interface HandedPort {
  readonly address: Address;
  /** A service manager has opened it: its path is not ours to remove. */
  readonly given: boolean;
}

/** What the new process asks the old one, in this order. */
export interface AskedOfOld {
  /** Refused by a message where the two do not understand each other. */
  readonly greet: Question<{ readonly version: string }, { readonly pid: number }>;
  /** Where the channel for descriptors is to be had. */
  readonly meet: Question<Nothing, { readonly name: string }>;
  /** The ports, whose descriptors have been passed, numbered by their places in this list. */
  readonly ports: Question<Nothing, readonly HandedPort[]>;
  /**
   * The new one serves: the old one accepts nobody any more, and keeps its clients. Before the answer
   * everything has been told that the books of the budget need.
   */
  readonly takeOver: Question<Nothing, Nothing>;
  /** Cancels what a client of the old one runs. False: nobody there has that key. */
  readonly cancel: Question<{ readonly processId: number; readonly key: string }, boolean>;
}

/** What the old one asks: nothing. */
export type AskedOfNew = Record<string, never>;

/** What the new one tells the old one. */
export type ToldToOld =
  | { readonly kind: 'budget'; readonly worker: number; readonly message: BudgetToWorker }
  /** It has taken the descriptors that were passed. */
  | { readonly kind: 'taken' };

/** What the old one tells. Its workers, or itself, are known by numbers. */
export type ToldToNew =
  | { readonly kind: 'worker'; readonly worker: number }
  | { readonly kind: 'budget'; readonly worker: number; readonly message: BudgetFromWorker }
  /** Descriptors of links have been passed beside the channel, numbered by their permits. */
  | { readonly kind: 'passed' }
  /** A worker is gone, and what it has left is for the new one to watch over. */
  | { readonly kind: 'worker-gone'; readonly worker: number };
