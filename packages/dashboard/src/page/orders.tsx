import { useState } from 'preact/hooks';
import type { Now, OrderNow, PageOrder, SessionState } from '../api';
import { Dialog } from './dialog';
import { some } from './format';
import { giveOrder } from './requests';

/** What an order will do, in words for whoever is about to give it. */
export function orderText(order: PageOrder, now: Now): { title: string; effect: string } {
  const name = 'database' in order ? (order.database ?? 'all databases') : '';
  const clients = clientsOf(order, now);
  switch (order.kind) {
    case 'pause':
      return {
        title: `PAUSE ${name}`,
        effect: `New transactions of ${clients} wait until RESUME. Those that run now end first, then all links are closed. Clients stay connected.`,
      };
    case 'resume':
      return { title: `RESUME ${name}`, effect: `Work of ${clients} goes on.` };
    case 'reconnect':
      return {
        title: `RECONNECT ${name}`,
        effect: `Every link of ${clients} is closed as soon as it is free, and dialed anew. Clients notice nothing.`,
      };
    case 'disable':
      return {
        title: `DISABLE ${name}`,
        effect: `${name} lets no new client in until ENABLE. Those who are connected stay: ${clients}.`,
      };
    case 'enable':
      return { title: `ENABLE ${name}`, effect: `${name} lets clients in again.` };
    case 'ban':
      return {
        title: `BAN ${order.host}`,
        effect: `${order.host} gets no traffic until UNBAN, as if it were down. If it is the primary, work waits for another one.`,
      };
    case 'unban':
      return { title: `UNBAN ${order.host}`, effect: `${order.host} may get traffic again.` };
    case 'reload':
      return {
        title: 'RELOAD',
        effect:
          'The configuration is read again, and put in force as a whole or, if there is anything wrong with it, not at all. The log says which.',
      };
  }
}

function clientsOf(order: PageOrder, { pools }: Now): string {
  const database = 'database' in order ? order.database : undefined;
  const own = database === undefined ? pools : pools.filter((pool) => pool.database === database);
  return some(
    own.reduce((sum, { clients }) => sum + clients, 0),
    'client',
  );
}

interface OrderButtonProps {
  readonly order: PageOrder;
  readonly desk: Desk;
}

/** What orders need, and what asks before they are given. */
export interface Desk {
  readonly session: SessionState | undefined;
  readonly ask: (order: PageOrder) => void;
}

/** Nothing where the page may only look. */
export function OrderButton({ order, desk }: OrderButtonProps) {
  if (desk.session?.orders !== 'open') return null;
  const word = order.kind.toUpperCase();
  const target = 'database' in order ? order.database : 'host' in order ? order.host : undefined;
  return (
    <button
      type="button"
      class="order"
      aria-label={target === undefined ? word : `${word} ${target}`}
      onClick={() => desk.ask(order)}
    >
      {word}
    </button>
  );
}

interface ConfirmProps {
  readonly order: PageOrder;
  readonly now: Now;
  readonly token: string;
  readonly close: () => void;
  readonly given: (result: OrderNow) => void;
}

/** Says what will happen, and asks. */
export function Confirm({ order, now, token, close, given }: ConfirmProps) {
  const [phase, setPhase] = useState<'asking' | 'sending'>('asking');
  const [problem, setProblem] = useState('');
  const { title, effect } = orderText(order, now);
  const send = async (): Promise<void> => {
    setPhase('sending');
    try {
      const result = await giveOrder(order, token);
      if (result.state !== 'refused') {
        given(result);
        close();
        return;
      }
      setProblem(result.problem ?? 'refused');
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setPhase('asking');
  };
  return (
    <Dialog title={`${title}?`} close={close}>
      <p>{effect}</p>
      {problem !== '' && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <div class="buttons">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button
          type="button"
          class="primary"
          disabled={phase === 'sending'}
          onClick={() => void send()}
        >
          {phase === 'sending' ? 'Sending …' : title}
        </button>
      </div>
    </Dialog>
  );
}
