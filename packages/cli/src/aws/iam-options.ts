import type { IdentityRules } from '@pgweir/aws';
import type { IamMapEntry } from './iam-map';

/**
 * Whose tokens are accepted, and as whom, as the settings or a rule say. A class, so that the verifier can
 * tell that the options it is handed are its own.
 */
export class IamOptions {
  readonly rules: IdentityRules;
  readonly mapName: string;
  readonly map: readonly IamMapEntry[];

  constructor(
    rules: IdentityRules,
    map: { readonly name: string; readonly entries: readonly IamMapEntry[] },
  ) {
    this.rules = rules;
    this.mapName = map.name;
    this.map = map.entries;
  }
}
