import { useEffect, useState } from 'preact/hooks';
import type { Known } from './feed';
import { duration } from './format';
import { hashOf, type Place, VIEWS, type View } from './places';
import { applyTheme, chosenTheme, type Theme } from './theme';
import { Badge } from './views/cards';

interface HeaderProps {
  readonly known: Known;
  readonly place: Place;
  readonly signIn: () => void;
  readonly signOut: () => void;
}

export function Header({ known, place, signIn, signOut }: HeaderProps) {
  const { now, session } = known;
  const waiting = (now?.pools ?? []).reduce((sum, pool) => sum + pool.waiting, 0);
  return (
    <header class="top">
      <div class="bar-top">
        <a class="brand" href="#/">
          <img src="favicon.svg" alt="" width="26" height="26" />
          pgweir
        </a>
        {now !== undefined && (
          <Badge tone={now.state === 'serving' ? 'good' : 'bad'}>{now.state}</Badge>
        )}
        {now?.holds.paused === true && <Badge tone="bad">paused</Badge>}
        <span class="where">{window.location.host}</span>
        <Freshness known={known} />
        <ThemeSwitch />
        {session?.orders === 'locked' && !known.isLocked && (
          <button type="button" onClick={signIn}>
            Sign in
          </button>
        )}
        {session?.orders === 'open' && (
          <button type="button" onClick={signOut}>
            Sign out
          </button>
        )}
      </div>
      <nav aria-label="Views">
        {(Object.keys(VIEWS) as View[]).map((view) => (
          <a
            key={view}
            ref={view === place.view ? intoView : null}
            href={hashOf(view)}
            aria-current={view === place.view ? 'page' : undefined}
          >
            {VIEWS[view].title}
            {view === 'pools' && waiting > 0 && (
              <span class="mark" title="clients wait">
                {waiting}
                <span class="unseen"> clients wait</span>
              </span>
            )}
          </a>
        ))}
      </nav>
    </header>
  );
}

/** On a phone not all views fit: the one that is shown is in sight. */
function intoView(link: HTMLAnchorElement | null): void {
  link?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

const TICK_MS = 1_000;
const LATE_MS = 8_000;

/** Whether what is shown is of now. */
function Freshness({ known }: { readonly known: Known }) {
  const { failure, now } = known;
  const [heardAtMs, setHeardAtMs] = useState(Date.now());
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => setHeardAtMs(Date.now()), [now]);
  useEffect(() => {
    const timer = window.setInterval(() => setNowMs(Date.now()), TICK_MS);
    return () => window.clearInterval(timer);
  }, []);
  if (now === undefined) return <span class="fresh" />;
  const ageMs = Math.max(0, nowMs - heardAtMs);
  const isStale = failure !== undefined || ageMs > LATE_MS;
  const why = failure === undefined ? '' : ` (${failure.text})`;
  return (
    <span class={isStale ? 'fresh stale' : 'fresh'} role={isStale ? 'alert' : undefined}>
      {isStale ? `Stale: ${duration(Math.max(1000, ageMs))} old${why}` : 'Live'}
    </span>
  );
}

const NEXT: Readonly<Record<Theme, Theme>> = { auto: 'light', light: 'dark', dark: 'auto' };
const NAMES: Readonly<Record<Theme, string>> = { auto: 'Auto', light: 'Light', dark: 'Dark' };

function ThemeSwitch() {
  const [theme, setTheme] = useState(chosenTheme);
  const turn = (): void => {
    applyTheme(NEXT[theme]);
    setTheme(NEXT[theme]);
  };
  return (
    <button type="button" class="theme" onClick={turn} title="Light, dark, or as the system has it">
      <span class="unseen">Colours: </span>
      {NAMES[theme]}
    </button>
  );
}
