import {
  type Clock,
  type CredentialSource,
  databaseName,
  type Logger,
  type SecretStore,
  type ServerPasswords,
} from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { ClientPasswords } from './client-passwords';
import { KeptSecret } from './kept-secret';
import { otherPlace } from './places';
import { SecretServerPasswords } from './server-passwords';
import { type SecretReference, type SecretUses, secretUses } from './uses';

/** Clients are let in after that time, whatever has been read by then. */
const START_MS = 5_000;

interface SecretsNeeds {
  readonly config: () => DaemonConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly storeOf: (reference: SecretReference) => SecretStore;
  readonly random?: () => number;
}

/** How one secret is. Plain data, without anything that is secret. */
export interface SecretView {
  readonly place: string;
  readonly roleArn: string | undefined;
  readonly databases: readonly string[];
  readonly users: readonly string[];
  /** Of the version in use; undefined: it could not be read yet. */
  readonly version: string | undefined;
  readonly versionAgeMs: number | undefined;
  /** There is a version that is going to be the next one, when it was read last. */
  readonly isPending: boolean;
  /** How long clients may still use the password before. */
  readonly overlapLeftMs: number;
  readonly readAgeMs: number | undefined;
  /** Why it cannot be read now. */
  readonly fault: string | undefined;
}

/** All secrets that the configuration names, kept by this process for itself. */
export class Secrets {
  readonly clientPasswords: CredentialSource;
  readonly serverPasswords: ServerPasswords;
  readonly #needs: SecretsNeeds;
  readonly #kept = new Map<string, KeptSecret>();
  #uses: ReadonlyMap<string, SecretUses> = new Map();
  #toldOfPlaces: ReadonlySet<string> = new Set();

  constructor(needs: SecretsNeeds) {
    this.#needs = needs;
    const shared = { config: needs.config, kept: this.#kept, clock: needs.clock };
    this.clientPasswords = new ClientPasswords(shared);
    this.serverPasswords = new SecretServerPasswords(shared);
    this.reconfigure();
  }

  /** The configuration has changed: begins to read what is new, and forgets what is not named any more. */
  reconfigure(): void {
    const { clock, log, storeOf, random = Math.random } = this.#needs;
    this.#uses = secretUses(this.#needs.config());
    for (const [key, secret] of this.#kept) {
      if (this.#uses.has(key)) secret.reconfigure();
      else {
        secret.close();
        this.#kept.delete(key);
      }
    }
    for (const [key, { reference }] of this.#uses) {
      if (this.#kept.has(key)) continue;
      const secret = new KeptSecret({
        ...{ clock, log, random },
        name: reference.place,
        store: storeOf(reference),
        settings: () => this.#needs.config().secrets,
        changed: () => this.#comparePlaces(),
      });
      this.#kept.set(key, secret);
    }
    this.#comparePlaces();
  }

  /** An operator who expects the server of a secret to be used is told that it is not, once. */
  #comparePlaces(): void {
    const { pooler } = this.#needs.config();
    const found = new Set<string>();
    for (const [key, { reference, databases }] of this.#uses) {
      const value = this.#kept.get(key)?.known?.current;
      for (const database of value === undefined ? [] : databases) {
        const entry = pooler.databases.get(databaseName(database)) ?? pooler.fallbackDatabase;
        const other = value && entry && otherPlace(value, entry, database);
        if (other === undefined) continue;
        found.add(`${key} ${database} ${other}`);
        if (this.#toldOfPlaces.has(`${key} ${database} ${other}`)) continue;
        const fields = { secret: reference.place, database, unused: other };
        this.#needs.log.warn('the secret names another server than the database does', fields);
      }
    }
    this.#toldOfPlaces = found;
  }

  /** Resolves when each has been read or could not be, and soon in any case. */
  async ready(): Promise<void> {
    const { clock } = this.#needs;
    const unread = [...this.#kept.values()].filter(
      ({ known, fault }) => known === undefined && fault === undefined,
    );
    const read = unread.map(
      (secret) => new Promise<void>((resolve) => void secret.renew({ thorough: false }, resolve)),
    );
    await new Promise<void>((resolve) => {
      const cancel = clock.after(START_MS, resolve);
      void Promise.all(read).then(() => {
        cancel();
        resolve();
      });
    });
  }

  seen(): readonly SecretView[] {
    const nowMs = this.#needs.clock.nowMs();
    const wallMs = this.#needs.clock.wallMs();
    return [...this.#uses].map(([key, { reference, databases, users }]) => {
      const secret = this.#kept.get(key);
      const { known, readAtMs, fault, overlapLeftMs = 0 } = secret ?? {};
      const createdAtMs = known?.current.createdAtMs;
      return {
        ...{ ...reference, databases, users, overlapLeftMs },
        version: known?.current.id,
        versionAgeMs: createdAtMs === undefined ? undefined : Math.max(0, wallMs - createdAtMs),
        isPending: known?.pending !== undefined && known.pending.id !== known.current.id,
        readAgeMs: readAtMs === undefined ? undefined : nowMs - readAtMs,
        fault: fault === undefined ? undefined : `${fault.why}: ${fault.reason}`,
      };
    });
  }

  close(): void {
    for (const secret of this.#kept.values()) secret.close();
    this.#kept.clear();
  }
}
