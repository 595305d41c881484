export type Theme = 'auto' | 'light' | 'dark';

const KEY = 'pgweir-theme';
const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

/** What was chosen on this machine; `auto` follows the system. */
export function chosenTheme(): Theme {
  const kept = storage()?.getItem(KEY);
  return THEMES.find((theme) => theme === kept) ?? 'auto';
}

export function applyTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  storage()?.setItem(KEY, theme);
  // Charts are drawn with colours that they have looked up.
  window.dispatchEvent(new Event(THEME_CHANGED));
}

export const THEME_CHANGED = 'pgweir-theme';

/** A browser may forbid it. */
function storage(): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}
