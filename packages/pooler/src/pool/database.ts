import { type DatabaseName, databaseName } from '../ports/names';
import type { DatabaseSettings } from '../settings/settings';
import { DatabaseCounters } from '../stats/counters';

/** One database that clients can ask for, at run time. */
export class Database {
  readonly name: DatabaseName;
  settings: DatabaseSettings;
  /** Came into being through the `*` entry. */
  automatic: boolean;
  /** Sessions that asked for it and have passed authentication. */
  clients = 0;
  /** Which host of the list the next dial takes. */
  nextHost = 0;
  usedAtMs = 0;
  readonly counters = new DatabaseCounters();

  constructor(name: DatabaseName, settings: DatabaseSettings, automatic: boolean) {
    this.name = name;
    this.settings = settings;
    this.automatic = automatic;
  }

  /** The name on the server. */
  get serverName(): DatabaseName {
    return this.settings.dbname === undefined ? this.name : databaseName(this.settings.dbname);
  }
}
