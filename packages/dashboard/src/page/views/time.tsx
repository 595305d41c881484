import type { History } from '../../api';
import { Chart } from '../chart';
import { average, count, percent } from '../format';
import { lastMinute, type Place, sharesText, verdict } from '../verdict';
import { Card } from './cards';

const PLACES: readonly (readonly [place: Place, name: string, means: string])[] = [
  ['queue', 'Our queue', 'waiting for a link'],
  ['postgres', 'PostgreSQL', 'with a query running'],
  ['application', 'Application', 'in a transaction that asks nothing'],
];

/** Where the time of sessions goes: the answer at three in the morning. */
export function TimeCard({ history }: { readonly history: History }) {
  const { atMs, intervalMs, time } = history;
  const shares = lastMinute(time, intervalMs);
  const { where, headline, advice } = verdict(shares);
  const lines = PLACES.map(([place, label]) => ({
    ...{ label, colour: place, values: time[place] },
  }));
  return (
    <Card title="Where the time goes" note="sessions on average, last minute" class="time">
      <div class="verdict">
        <p class={`headline ${where ?? 'quiet'}`}>{headline}</p>
        <p class="advice">{advice}</p>
        <div class="bar" role="img" aria-label={`Last minute: ${sharesText(shares)}`}>
          {PLACES.map(([place]) => (
            <i
              key={place}
              style={{ flexGrow: shares[place], background: `var(--${place})` }}
              hidden={shares[place] === 0}
            />
          ))}
        </div>
        <ul class="shares">
          {PLACES.map(([place, name, means]) => (
            <li key={place}>
              <i class="swatch" style={{ background: `var(--${place})` }} />
              <b>{shares.total === 0 ? '0 %' : percent(shares[place] / shares.total)}</b>
              <span>
                {name}
                <small>
                  {average(shares[place])} sessions {means}
                </small>
              </span>
            </li>
          ))}
        </ul>
        <p class="rates">
          {count(shares.transactions)} transactions/s · {count(shares.queries)} queries/s
        </p>
      </div>
      <Chart title="Sessions" {...{ atMs, lines, write: average }} stacked height={190} />
    </Card>
  );
}
