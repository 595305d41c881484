import { consolePage } from './console-page';
import { errorsPage } from './errors-page';
import { logFieldsPage } from './log-fields-page';
import { metricsPage } from './metrics-page';
import { programManual } from './program-manual';
import { settingsManual } from './settings-manual';
import { settingsPage } from './settings-page';

/** The generated files in `docs`, by name. */
export const PAGES: Readonly<Record<string, () => string>> = {
  'metrics.md': metricsPage,
  'settings.md': settingsPage,
  'console.md': consolePage,
  'errors.md': errorsPage,
  'log-fields.md': logFieldsPage,
  'pgweir.1': programManual,
  'pgweir.5': settingsManual,
};
