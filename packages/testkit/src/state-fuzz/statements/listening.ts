import type { SessionModel } from '../model/session-model';
import type { ListenAction } from '../model/tx-state';
import { done, selected } from '../outcome';
import type { Maker } from '../statement';

/*
 * LISTEN, UNLISTEN and NOTIFY; who gets what is judged by NotificationBook.
 *
 * Avoided: the same payload twice in one transaction, which PostgreSQL delivers once.
 */

const CHANNELS = ['ch_a', 'ch_b', 'Ch C', 'ch_d'] as const;

function act(model: SessionModel, action: ListenAction): void {
  model.state = { ...model.state, listens: [...model.state.listens, action] };
}

export const listen: Maker = (_, random) => {
  const channel = random.pick(CHANNELS);
  return {
    name: 'listen',
    sql: `LISTEN "${channel}"`,
    returnsRows: false,
    expect: () => [done('LISTEN')],
    apply: (model) => act(model, { kind: 'listen', channel }),
  };
};

export const unlisten: Maker = (model, random) => {
  const listened = model.world.notifications.channelsOf(model.label);
  const channel = listened.length > 0 ? random.pick(listened) : random.pick(CHANNELS);
  return {
    name: 'unlisten',
    sql: `UNLISTEN "${channel}"`,
    returnsRows: false,
    expect: () => [done('UNLISTEN')],
    apply: (now) => act(now, { kind: 'unlisten', channel }),
  };
};

export const unlistenAll: Maker = () => ({
  name: 'unlisten',
  sql: 'UNLISTEN *',
  returnsRows: false,
  expect: () => [done('UNLISTEN')],
  apply: (model) => act(model, { kind: 'unlistenAll' }),
});

export const notify: Maker = (model, random) => {
  const channel = random.pick(CHANNELS);
  const note = model.world.notifications.make(model.label, channel);
  const isCall = random.chance(0.4);
  const { payload } = note;
  return {
    name: 'notify',
    sql: isCall
      ? `SELECT pg_notify('${channel}', '${payload}')::text`
      : `NOTIFY "${channel}", '${payload}'`,
    returnsRows: isCall,
    expect: () => [isCall ? selected('') : done('NOTIFY')],
    apply: (now) => {
      now.state = { ...now.state, notifies: [...now.state.notifies, note] };
    },
    failed: (now) => now.world.notifications.undone(note),
  };
};

export const listChannels: Maker = () => ({
  name: 'listening-channels',
  sql: "SELECT coalesce(string_agg(c, ',' ORDER BY c COLLATE \"C\"), '') FROM pg_listening_channels() c",
  returnsRows: true,
  isQuiet: true,
  expect: (model) => {
    const channels = model.world.notifications.channelsOf(model.label);
    const all = selected(channels.join(','));
    const doubtful = model.world.notifications.doubtfulOf(model.label);
    // Within a transaction a pooler can't listen on this link to what it hears on another one.
    if (doubtful.size === 0 && (!model.beganWithin || model.world.options.isDirect)) return [all];
    // Its own channels are there, too, until the transaction is over.
    const some = [...channels, ...doubtful, 'pgweir_\\w+'].join('|');
    return [all, selected(new RegExp(`^(((${some})(,|$))*)$`))];
  },
});
