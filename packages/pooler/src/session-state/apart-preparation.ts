import { Backend, Frontend } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import type { OwnResult } from '../backend/own-run';
import { STATUS_IDLE } from '../backend/server-status';
import { type ErrorInstead, errorInstead } from '../errors';
import type { StateFollowing } from '../frontend/state-following';
import type { OwnStatement } from './own-statement';
import {
  backToDefaultSql,
  IDENTITY,
  type Profile,
  profileOf,
  transition,
  without,
  withThoseOf,
} from './profile';
import type { Relayed } from './relayed';
import { NO_ROWS, shapeOf } from './row-shape';
import { type SharedStatement, UNKNOWN_STATEMENT } from './shared-statement';
import { frameOf, ownGroup, STATEMENT, UNNAMED } from './statement-messages';

const { Close, Describe, Parse, Sync } = Frontend;

/** Around what must leave no trace: neither settings nor, in the client's transaction, an error. */
const BEGIN = ownGroup('BEGIN');
const ROLLBACK = ownGroup('ROLLBACK');
const SAVEPOINT = ownGroup('SAVEPOINT pgweir_apart');
const ROLLBACK_TO = [...ownGroup('ROLLBACK TO pgweir_apart'), ...ownGroup('RELEASE pgweir_apart')];

/**
 * Prepares statements of one client in groups of their own, where something has to be seen before they
 * are used: what PostgreSQL makes of them today, or under the settings that they were written for.
 */
export class ApartPreparation {
  /** What came of those that have failed: said to the client when it comes to use them. */
  readonly #failures = new Map<OwnStatement, ErrorInstead>();
  /** Those that need not be prepared ahead of the group that uses them: that was tried. */
  readonly #tried = new Set<OwnStatement>();
  readonly #host: StateFollowing;

  constructor(host: StateFollowing) {
    this.#host = host;
  }

  /** What a use of the statement gets instead, once; undefined: nothing is known against it. */
  refusal(own: OwnStatement | undefined): Relayed | undefined {
    if (own === undefined || this.#failures.size === 0) return undefined;
    const error = this.#failures.get(own);
    if (error === undefined) return undefined;
    this.#failures.delete(own);
    return { kind: 'refuse', error };
  }

  /** Nothing more is to be done for it ahead of its group. */
  hasBeenTried(own: OwnStatement): boolean {
    return this.#failures.has(own) || this.#tried.has(own);
  }

  /** These are not prepared ahead of the group that is about to begin. */
  skip(owns: readonly OwnStatement[]): void {
    for (const own of owns) this.#tried.add(own);
  }

  /** All that was prepared for has been used. */
  quiet(): void {
    if (this.#failures.size > 0) this.#failures.clear();
    if (this.#tried.size > 0) this.#tried.clear();
  }

  /** Whether the session has other settings by now than when it prepared a statement, or may have. */
  hasOtherSettings({ profile, open }: OwnStatement): boolean {
    if (this.#host.settingsOpen) return true;
    const now = this.#host.settings.profile;
    const known = open === undefined ? now : without(now, open);
    return profile.parsingKey !== known.parsingKey;
  }

  /**
   * Prepares statements one after the other and looks at what they return. `ahead`: for a group that will
   * use them behind something else.
   */
  prepare(
    link: Link,
    [own, ...rest]: readonly OwnStatement[],
    how: { readonly ahead: boolean },
  ): void {
    if (own === undefined) return;
    const { statements } = link;
    const { statement } = own;
    const frames = statements.makeRoom(this.#host.preparedStatementsMax).map(closing);
    if (statements.mayBeThere(statement)) {
      frames.push(closing(statement));
      statements.remove(statement);
    }
    this.#host.admission.database.counters.serverParses++;
    frames.push(frameOf(Parse, statement.serverName, statement.tail));
    frames.push(frameOf(Describe, STATEMENT, statement.serverName), frameOf(Sync));
    const done = (result: OwnResult) => {
      this.#prepared(link, own, result, how);
      this.prepare(link, rest, how);
    };
    const groups = this.underItsSettings(link, own, frames);
    this.#host.runForClient(
      link,
      groups,
      (result) => {
        if (!wasCanceled(result)) done(result);
        // The cancel may have struck what stands in front of the Parse, or behind it.
        else this.#host.runOwn(link, [closing(statement), frameOf(Sync)], () => done(result));
      },
      'shape',
    );
  }

  #prepared(
    link: Link,
    own: OwnStatement,
    result: OwnResult,
    { ahead }: { readonly ahead: boolean },
  ): void {
    if (result.kind === 'failed') {
      // What stands in front of it in its group may yet make it possible.
      if (ahead && !wasCanceled(result)) this.#tried.add(own);
      else this.#failures.set(own, refused(result));
      return;
    }
    const { description, tooLong } = result;
    const described = description === undefined ? NO_ROWS : shapeOf(description);
    // Of what is too long nobody can tell whether it has changed.
    const shape = tooLong === true ? own.shape : described;
    link.statements.add(own.statement, shape);
    // Once for each group: others may take its place again.
    if (ahead) this.#tried.add(own);
    if (own.shape !== 0 && shape !== own.shape)
      this.#failures.set(own, errorInstead('planChanged'));
  }

  prepareUnnamed(link: Link, own: OwnStatement): void {
    const frames = [frameOf(Parse, UNNAMED, own.statement.tail), frameOf(Sync)];
    this.#host.runForClient(link, this.underItsSettings(link, own, frames), (result) => {
      if (result.kind === 'failed') {
        link.statements.unnamed.settle(UNKNOWN_STATEMENT);
        this.#failures.set(own, refused(result));
        return;
      }
      link.statements.unnamed.settle(own.statement, this.#host.id);
    });
  }

  /**
   * Groups of messages under the settings of a statement's Parse. All of it is rolled back, which leaves
   * what is prepared, as that is not transactional.
   */
  underItsSettings(link: Link, own: OwnStatement, frames: readonly Buffer[]): readonly Buffer[] {
    const now = this.#host.settings.profile;
    const differs = this.hasOtherSettings(own);
    const { open } = own;
    const then = open === undefined ? own.profile : withThoseOf(own.profile, now, open);
    if (link.status === STATUS_IDLE) {
      if (!differs) return frames;
      return [...BEGIN, ...change(now, then), ...frames, ...ROLLBACK];
    }
    const back = differs ? change(this.#unknownNow(), then) : [];
    return [...SAVEPOINT, ...back, ...frames, ...ROLLBACK_TO];
  }

  /** What the open transaction has made of the settings nobody knows. */
  #unknownNow(): Profile {
    const { settings, openSettings } = this.#host;
    const names = [...settings.profile.values.keys(), ...openSettings.keys()];
    return profileOf(new Map(names.map((name) => [name, '\0'])));
  }
}

/** Groups that change settings, until all is rolled back. Of names that are no settings nothing comes. */
function change(from: Profile, to: Profile): readonly Buffer[] {
  const goes = [...from.values.keys()].filter((name) => !to.values.has(name));
  const gone = new Set(goes.filter((name) => !IDENTITY.includes(name)));
  const statements = transition(without(from, gone), to, () => undefined, { local: true });
  if (gone.size > 0) statements.unshift(backToDefaultSql([...gone]));
  return statements.flatMap((sql) => ownGroup(sql));
}

/** The client has canceled it. */
export function wasCanceled(result: OwnResult): boolean {
  return result.kind === 'failed' && result.error.code === CANCELED;
}

const CANCELED = '57014';

/** What a client hears of it later. */
function refused({ body, error }: OwnResult & { readonly kind: 'failed' }): ErrorInstead {
  return { bytes: frameOf(Backend.ErrorResponse, body), code: error.code, source: 'server' };
}

function closing({ serverName }: SharedStatement): Buffer {
  return frameOf(Close, STATEMENT, serverName);
}
