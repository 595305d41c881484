import { reasonOf } from '../system-error';
import type { Question } from './messages';

/** A limit for an answer that takes as long as it has to. Node.js cannot wait longer in one piece. */
export const FOR_EVER_MS = 2 ** 31 - 1;

/** The end of an IPC channel: a child process, or the process itself towards its parent. */
export interface ChannelEnd {
  readonly connected: boolean;
  /** `sent` is called when it has left this process, or never will. */
  send(message: unknown, sent: () => void): void;
  onMessage(received: (message: unknown) => void): void;
}

type Questions<Table> = { readonly [Name in keyof Table]: Question<object, unknown> };

/** How the questions of a table are answered. */
export type Answers<Table extends Questions<Table>> = {
  readonly [Name in keyof Table]: (ask: Table[Name]['ask']) => Promise<Table[Name]['answer']>;
};

type Envelope<Told> =
  | { readonly kind: 'ask'; readonly id: number; readonly name: string; readonly ask: object }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'no-answer'; readonly id: number; readonly reason: string }
  | { readonly kind: 'told'; readonly told: Told };

interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What the owner of a channel does with what comes in. */
export interface ChannelHandlers<Table extends Questions<Table>, Told> {
  readonly answers: Answers<Table>;
  told(told: Told): void;
  /** A message came, whatever it says. */
  alive?(): void;
}

/**
 * Messages between supervisor and worker: told, or asked with an answer. Order is kept. Both ends are
 * the same program, so what arrives has the type that was sent.
 */
export class Channel<Mine extends Questions<Mine>, Theirs extends Questions<Theirs>, Out, In> {
  readonly #end: ChannelEnd;
  readonly #handlers: ChannelHandlers<Theirs, In>;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #closed = false;

  constructor(end: ChannelEnd, handlers: ChannelHandlers<Theirs, In>) {
    this.#end = end;
    this.#handlers = handlers;
    end.onMessage((message) => {
      if (this.#closed) return;
      handlers.alive?.();
      this.#received(message as Envelope<In>);
    });
  }

  /** Nothing arrives at an end that is gone: whoever cares hears of its end by another way. */
  tell(told: Out, sent: () => void = ignore): void {
    this.#send({ kind: 'told', told }, sent);
  }

  /** @throws Error when there is no answer within `deadlineMs`, or the other end is gone */
  ask<Name extends keyof Mine & string>(
    name: Name,
    ask: Mine[Name]['ask'],
    deadlineMs: number,
  ): Promise<Mine[Name]['answer']> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.get(id)?.reject(new Error(`no answer to ${name} in ${deadlineMs} ms`));
      }, deadlineMs);
      const settle = (): void => {
        clearTimeout(timer);
        this.#pending.delete(id);
      };
      this.#pending.set(id, {
        resolve: (answer) => {
          settle();
          resolve(answer);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      if (this.#end.connected) this.#send({ kind: 'ask', id, name, ask });
      else this.#pending.get(id)?.reject(new Error(`nobody there for ${name}`));
    });
  }

  /** The other end is gone: nobody will answer any more, and what still comes in is not heard. */
  closed(): void {
    this.#closed = true;
    for (const { reject } of [...this.#pending.values()]) reject(new Error('the process is gone'));
  }

  #received(message: Envelope<In>): void {
    switch (message.kind) {
      case 'told':
        this.#handlers.told(message.told);
        return;
      case 'ask':
        void this.#answer(message.id, message.name, message.ask);
        return;
      case 'answer':
        this.#pending.get(message.id)?.resolve(message.answer);
        return;
      case 'no-answer':
        this.#pending.get(message.id)?.reject(new Error(message.reason));
        return;
    }
  }

  async #answer(id: number, name: string, ask: object): Promise<void> {
    try {
      // The name comes from `ask` of the other end, which has the same table.
      const { answers } = this.#handlers;
      if (!Object.hasOwn(answers, name)) throw new Error(`nobody answers ${name}`);
      const answer = await answers[name as keyof Theirs](ask);
      this.#send({ kind: 'answer', id, answer });
    } catch (error) {
      this.#send({ kind: 'no-answer', id, reason: reasonOf(error) });
    }
  }

  #send(message: Envelope<Out>, sent: () => void = ignore): void {
    if (this.#end.connected) this.#end.send(message, sent);
    else sent();
  }
}

function ignore(): void {
  // Nobody waits for it to go out.
}
