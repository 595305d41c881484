import type { SettingRow } from '@pgweir/dashboard';
import type { GlobalValues } from '../config/settings';
import { GLOBAL_SETTINGS } from '../config/settings';
import type { SettingTable } from '../config/settings/row';
import { showConfig } from '../config/show-config';

/** As SHOW CONFIG has them, which shows no secrets, and what they mean. */
export function settingsShown(values: GlobalValues): readonly SettingRow[] {
  const table: SettingTable = GLOBAL_SETTINGS;
  return showConfig(values).map(({ key, value, default: given, changeable }) => ({
    name: key,
    value,
    default: given,
    differs: (value ?? '') !== (given ?? ''),
    reloadable: changeable === 'yes',
    help: table[key]?.help ?? '',
  }));
}
