import type { Effects } from '../sql/effects';
import type { Profile } from './profile';

const SEARCH_PATH = 'search_path';

/** A text that may put the temporary schema into the search path; parameters may say anything. */
const NAMES_TEMP = /pg_temp|\$\d/i;
/** The temporary schema is where things are created: first, or behind a schema that may not be there. */
const CREATES_TEMP = /^\s*("?\$user"?\s*,\s*)?"?pg_temp/i;

/** Whether with these settings what is created without naming a schema is temporary. */
export function createsTemp({ values }: Profile): boolean {
  const path = values.get(SEARCH_PATH);
  return path !== undefined && CREATES_TEMP.test(path);
}

/**
 * Knows whether what a session creates without naming a schema may be temporary, because its search path
 * says so. Then any CREATE may make what others must not see.
 */
export class TempPath {
  /** In the transaction that is open the path may have become one. */
  #isOpen = false;
  #profile: Profile | undefined;
  #isTemp = false;

  /** A text with these effects goes out. */
  sent({ settings, localSettings }: Effects, text: string): void {
    const sets = settings.includes(SEARCH_PATH) || localSettings.includes(SEARCH_PATH);
    if (sets && NAMES_TEMP.test(text)) this.#isOpen = true;
  }

  /** `profile`: the session's settings. */
  mayBeTemp(profile: Profile): boolean {
    if (profile !== this.#profile) {
      this.#profile = profile;
      this.#isTemp = createsTemp(profile);
    }
    return this.#isTemp || this.#isOpen;
  }

  transactionEnds(): void {
    this.#isOpen = false;
  }
}
