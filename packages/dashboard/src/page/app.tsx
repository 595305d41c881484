import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { OrderNow, PageOrder } from '../api';
import { Dialog } from './dialog';
import { Feed, type Known, type Wants } from './feed';
import { Header } from './header';
import { Confirm, type Desk } from './orders';
import { type Place, placeOf, VIEWS } from './places';
import { signOut } from './requests';
import { SignInForm } from './sign-in';
import { Overview } from './views/overview';
import { Pools } from './views/pools';
import { Servers } from './views/servers';
import { Sessions } from './views/sessions';
import { Settings } from './views/settings';
import { StatementsView } from './views/statements';
import { System } from './views/system';

function useFeed(wants: Wants): readonly [Feed, Known] {
  const [known, setKnown] = useState<Known | undefined>(undefined);
  const feed = useMemo(() => new Feed(setKnown), []);
  const key = JSON.stringify(wants);
  useEffect(() => feed.want(wants), [feed, key]);
  return [feed, known ?? feed.known];
}

function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(window.location.hash));
  useEffect(() => {
    const moved = (): void => setPlace(placeOf(window.location.hash));
    window.addEventListener('hashchange', moved);
    return () => window.removeEventListener('hashchange', moved);
  }, []);
  return place;
}

export function App() {
  const place = usePlace();
  const [feed, known] = useFeed(wantsOf(place));
  const [order, setOrder] = useState<PageOrder | undefined>(undefined);
  const [isSigningIn, setSigningIn] = useState(false);
  const [said, setSaid] = useState('');
  const { session, now } = known;
  const main = useRef<HTMLElement>(null);
  const { title } = VIEWS[place.view];
  useEffect(() => {
    document.title = `${title} · pgweir`;
  }, [title]);
  const leave = async (): Promise<void> => {
    try {
      feed.signedIn(await signOut(session?.token ?? ''));
    } catch (error) {
      setSaid(error instanceof Error ? error.message : String(error));
    }
  };
  const given = ({ text, state }: OrderNow): void => {
    setSaid(state === 'done' ? `${text}: done.` : `${text}: under way. It ends when all is quiet.`);
    feed.refresh();
  };
  const desk: Desk = { session, ask: setOrder };
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Header
        {...{ known, place }}
        signIn={() => setSigningIn(true)}
        signOut={() => void leave()}
      />
      <p class={said === '' ? 'unseen' : 'said'} role="status">
        {said}
        {said !== '' && (
          <button type="button" onClick={() => setSaid('')}>
            Dismiss
          </button>
        )}
      </p>
      <main id="main" tabIndex={-1} ref={main}>
        <h1 class="unseen">{title}</h1>
        <Content {...{ known, place, desk }} signedIn={(state) => feed.signedIn(state)} />
      </main>
      {order !== undefined && now !== undefined && (
        <Confirm
          {...{ order, now, given, token: session?.token ?? '' }}
          close={() => setOrder(undefined)}
        />
      )}
      {isSigningIn && (
        <Dialog title="Sign in" close={() => setSigningIn(false)}>
          <SignInForm
            cancel={() => setSigningIn(false)}
            done={(state) => {
              setSigningIn(false);
              feed.signedIn(state);
            }}
          />
        </Dialog>
      )}
    </>
  );
}

function wantsOf({ view, pool }: Place): Wants {
  const parts =
    view === 'sessions'
      ? (['waiters', 'pins'] as const)
      : view === 'statements'
        ? (['statements'] as const)
        : [];
  return { parts, sparks: view === 'pools', pool };
}

interface ContentProps {
  readonly known: Known;
  readonly place: Place;
  readonly desk: Desk;
  readonly signedIn: Parameters<typeof SignInForm>[0]['done'];
}

function Content({ known, place, desk, signedIn }: ContentProps) {
  const { now, failure, isLocked } = known;
  if (isLocked) {
    return (
      <section class="card locked" aria-label="Sign in">
        <h2>Sign in</h2>
        <p class="advice">This page is private: it shows nothing before you have signed in.</p>
        <SignInForm done={signedIn} />
      </section>
    );
  }
  if (now === undefined) {
    const text =
      failure === undefined ? 'Reading …' : `The daemon does not answer: ${failure.text}.`;
    return <p class="empty waiting-for-data">{text}</p>;
  }
  switch (place.view) {
    case 'overview':
      return <Overview {...{ known, now }} />;
    case 'pools':
      return <Pools {...{ known, now, desk, pool: place.pool }} />;
    case 'servers':
      return <Servers {...{ now, desk }} />;
    case 'sessions':
      return <Sessions now={now} />;
    case 'statements':
      return <StatementsView now={now} />;
    case 'system':
      return <System {...{ now, desk }} />;
    case 'settings':
      return <Settings />;
  }
}
