import { Backend, Frontend } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import type { OwnResult } from '../backend/own-run';
import { errorBytes } from '../errors';
import type { StateFollowing } from '../frontend/state-following';
import type { OwnStatement } from './own-statement';
import { type Profile, transition } from './profile';
import type { Relayed } from './relayed';
import { NO_ROWS, shapeOf } from './row-shape';
import { frameOf, ownGroup, STATEMENT, UNNAMED } from './statement-messages';

const { Close, Describe, Parse, Sync } = Frontend;

/**
 * Prepares statements of one client in groups of their own, where something has to be seen before they
 * are used: what PostgreSQL makes of them today, or under the settings that they were written for.
 */
export class ApartPreparation {
  /** What came of the last one: said to the client when it comes to use the statement. */
  #failure: { readonly own: OwnStatement; readonly error: Buffer } | undefined;
  readonly #host: StateFollowing;

  constructor(host: StateFollowing) {
    this.#host = host;
  }

  /** What a use of the statement gets instead, once; undefined: nothing is known against it. */
  refusal(own: OwnStatement | undefined): Relayed | undefined {
    const failure = this.#failure;
    if (failure === undefined || failure.own !== own) return undefined;
    this.#failure = undefined;
    return { kind: 'refuse', error: failure.error };
  }

  /** Whether the session has other settings by now than when it prepared a statement. */
  hasOtherSettings({ profile }: OwnStatement): boolean {
    // Which settings the open transaction has is not known, so there is no way back to them.
    if (this.#host.settingsOpen) return false;
    const now = this.#host.settings.profile;
    return profile !== undefined && profile.parsingKey !== now.parsingKey;
  }

  /** Prepares a statement and looks at what it returns. */
  prepare(link: Link, own: OwnStatement): void {
    const { statements } = link;
    const { statement } = own;
    const frames: Buffer[] = [];
    if (statements.find(statement) !== undefined) {
      frames.push(frameOf(Close, STATEMENT, statement.serverName));
      statements.remove(statement);
    }
    frames.push(frameOf(Parse, statement.serverName, statement.tail));
    frames.push(frameOf(Describe, STATEMENT, statement.serverName), frameOf(Sync));
    const all = this.#underItsSettings(own, frames);
    this.#host.runOwn(link, all, (result) => this.#prepared(link, own, result), 'shape');
  }

  #prepared(link: Link, own: OwnStatement, result: OwnResult): void {
    if (result.kind === 'failed') {
      this.#failure = { own, error: frameOf(Backend.ErrorResponse, result.body) };
      return;
    }
    const shape = result.description === undefined ? NO_ROWS : shapeOf(result.description);
    link.statements.add(own.statement, shape);
    if (own.shape !== 0 && shape !== own.shape)
      this.#failure = { own, error: errorBytes('planChanged') };
  }

  prepareUnnamed(link: Link, own: OwnStatement): void {
    const frames = [frameOf(Parse, UNNAMED, own.statement.tail), frameOf(Sync)];
    this.#host.runOwn(link, this.#underItsSettings(own, frames), (result) => {
      if (result.kind === 'failed') {
        this.#failure = { own, error: frameOf(Backend.ErrorResponse, result.body) };
        return;
      }
      link.statements.unnamed = own.statement;
      link.statements.unnamedBy = this.#host.id;
    });
  }

  /**
   * Groups of messages between the change to the settings of a statement's Parse and the way back.
   */
  #underItsSettings(own: OwnStatement, frames: readonly Buffer[]): readonly Buffer[] {
    const now = this.#host.settings.profile;
    if (own.profile === undefined || !this.hasOtherSettings(own)) return frames;
    const groups = (from: Profile, to: Profile) =>
      transition(from, to, () => undefined).flatMap((sql) => ownGroup(sql));
    return [...groups(now, own.profile), ...frames, ...groups(own.profile, now)];
  }
}
