import { programManual } from './program-manual';
import { settingsManual } from './settings-manual';
import { settingsPage } from './settings-page';

/** The generated files in `docs`, by name. */
export const PAGES: Readonly<Record<string, () => string>> = {
  'settings.md': settingsPage,
  'pgweir.1': programManual,
  'pgweir.5': settingsManual,
};
