import { memo } from 'preact/compat';

interface SparkProps {
  readonly active: readonly (number | null)[];
  readonly waiting: readonly (number | null)[];
  readonly size: number;
}

const WIDTH = 120;
const HEIGHT = 26;
const SAMPLES = 60;

/** Links at work, filled, and the queue above them: five minutes. */
export const Spark = memo(({ active, waiting, size }: SparkProps) => {
  const most = Math.max(1, size, ...numbers(active), ...numbers(waiting));
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <path class="spark-active" d={`${path(active, most)}V${HEIGHT}H${startOf(active)}Z`} />
      <path class="spark-line" d={path(active, most)} />
      {numbers(waiting).some((value) => value > 0) && (
        <path class="spark-waiting" d={path(waiting, most)} />
      )}
    </svg>
  );
});

const numbers = (values: readonly (number | null)[]): readonly number[] =>
  values.map((value) => value ?? 0);

const STEP = WIDTH / (SAMPLES - 1);

/** The newest is at the right end. */
function startOf(values: readonly unknown[]): string {
  return (WIDTH - (values.length - 1) * STEP).toFixed(1);
}

function path(values: readonly (number | null)[], most: number): string {
  if (values.length === 0) return `M0 ${HEIGHT}`;
  const first = WIDTH - (values.length - 1) * STEP;
  const points = numbers(values).map((value, at) => {
    const y = HEIGHT - 1 - (value / most) * (HEIGHT - 3);
    return `${(first + at * STEP).toFixed(1)} ${y.toFixed(1)}`;
  });
  return `M${points.join('L')}`;
}
