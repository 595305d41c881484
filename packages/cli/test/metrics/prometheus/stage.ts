import type { Picture } from '../../../src/admin/show/item';
import type { DaemonConfig } from '../../../src/config/daemon-config';
import { loadConfig } from '../../../src/config/load';
import type { Standing } from '../../../src/http/readiness';
import { Exposition } from '../../../src/metrics/prometheus/exposition';
import { FULL, PICTURE } from '../../support/console-client';

const STANDING: Standing = {
  phase: 'serving',
  holds: PICTURE.holds,
  isCarried: true,
};

/** The first of some that the full picture has to have. */
function first<T>([one]: readonly T[]): T {
  if (one === undefined) throw new Error('the full picture lacks it');
  return one;
}

export const STATS = first(FULL.stats);
export const POOL = first(FULL.pools);

/** The configuration of a file with these lines of `[pgbouncer]`. */
export function configWith(...lines: readonly string[]): DaemonConfig {
  const text = `[databases]\n* = host=a\n[pgbouncer]\nauth_type = trust\n${lines.join('\n')}\n`;
  const result = loadConfig('a.ini', { cwd: '/', readFile: () => text });
  if (result.kind === 'failed') throw new Error(result.problems[0]?.message);
  return result.config;
}

/** What `/metrics` says, as lines by their series. */
export class Scrapes {
  readonly #exposition = new Exposition();
  config = configWith();

  async text(picture: Picture): Promise<string> {
    return await this.#exposition.text({ picture, config: this.config, standing: STANDING });
  }

  async values(picture: Picture): Promise<ReadonlyMap<string, number>> {
    return seriesIn(await this.text(picture));
  }
}

/** Every series of a scrape with its value. */
export function seriesIn(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

export { FULL, PICTURE };
