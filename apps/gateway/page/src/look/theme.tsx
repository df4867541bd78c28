import { useEffect, useState } from 'preact/hooks';
import type { JSX } from 'preact';

/** `auto` follows the system. */
export type Theme = 'auto' | 'light' | 'dark';

const KEY = 'pypool-theme';
const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

/** Told on `window` when colours have changed, for what is drawn rather than styled. */
export const COLOURS_CHANGED = 'pypool-colours';

/** Show the colours that were chosen last. Called before anything is drawn. */
export function applyStoredTheme(): void {
  apply(storedTheme());
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', tellColoursChanged);
}

/** Chooses between the colours of the system, light and dark. */
export function ThemeSwitch(): JSX.Element {
  const [theme, setTheme] = useState(storedTheme);
  useEffect(() => apply(theme), [theme]);
  return (
    <label class="inline-field">
      <span>Theme</span>
      <select
        value={theme}
        onChange={({ currentTarget }) => {
          const chosen = currentTarget.value as Theme;
          remember(chosen);
          setTheme(chosen);
        }}
      >
        {THEMES.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function apply(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === 'auto') delete dataset['theme'];
  else dataset['theme'] = theme;
  tellColoursChanged();
}

function tellColoursChanged(): void {
  dispatchEvent(new Event(COLOURS_CHANGED));
}

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === stored) ?? 'auto';
  } catch {
    return 'auto'; // storage is forbidden here: the choice lasts as long as the page
  }
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // As above.
  }
}
