import type { Columns, History, Spark, Sparks } from '../api';

/** As many as the daemon keeps: a quarter of an hour. */
const SAMPLES_KEPT = 180;
/** Of a sparkline: five minutes. */
const SPARK_SAMPLES = 60;

/** What is known, with what is new; all of it anew after the daemon was started again. */
export function extended(known: History | undefined, news: History): History {
  if (known === undefined || known.epoch !== news.epoch) return news;
  if (news.atMs.length === 0) return known;
  return {
    ...news,
    atMs: tail([...known.atMs, ...news.atMs], SAMPLES_KEPT),
    pools: joined(known.pools, news.pools),
    time: joined(known.time, news.time),
  };
}

function joined<Name extends string>(known: Columns<Name>, news: Columns<Name>): Columns<Name> {
  const names = Object.keys(news) as Name[];
  const columns = names.map((name) => [name, tail([...known[name], ...news[name]], SAMPLES_KEPT)]);
  // The names are all of them.
  return Object.fromEntries(columns) as Columns<Name>;
}

export type SparkBook = {
  readonly last: number;
  readonly epoch: number;
  readonly byPool: ReadonlyMap<string, Spark>;
};

export const poolKey = ({ database, user }: { database: string; user: string }): string =>
  `${database}\0${user}`;

export function extendedSparks(known: SparkBook | undefined, news: Sparks): SparkBook {
  const goesOn = known !== undefined && known.epoch === news.epoch;
  if (goesOn && known.last === news.last) return known;
  const before = goesOn ? known.byPool : new Map<string, Spark>();
  const byPool = news.pools.map((spark): [string, Spark] => {
    const old = before.get(poolKey(spark));
    const of = (name: 'linksActive' | 'waiting') =>
      tail([...(old?.[name] ?? []), ...spark[name]], SPARK_SAMPLES);
    return [poolKey(spark), { ...spark, linksActive: of('linksActive'), waiting: of('waiting') }];
  });
  return { last: news.last, epoch: news.epoch, byPool: new Map(byPool) };
}

function tail<T>(items: readonly T[], most: number): readonly T[] {
  return items.length > most ? items.slice(-most) : items;
}
