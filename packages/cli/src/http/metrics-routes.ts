import { Exposition } from '../metrics/prometheus/exposition';
import type { RouteNeeds } from './daemon-routes';
import type { HttpAnswer, Routes } from './route';

/** Whoever asks again so soon gets the same answer: the daemon has better things to do. */
const SAME_MS = 200;

/** `/metrics`, for Prometheus. */
export function metricsRoutes(needs: RouteNeeds): Routes {
  const desk = new MetricsDesk(needs);
  return new Map([['/metrics', { GET: () => desk.answer() }]]);
}

/** Those who ask at the same time share one answer. */
class MetricsDesk {
  readonly #needs: RouteNeeds;
  readonly #exposition = new Exposition();
  #last: { readonly answer: Promise<HttpAnswer>; readonly untilMs: number } | undefined;

  constructor(needs: RouteNeeds) {
    this.#needs = needs;
  }

  async answer(): Promise<HttpAnswer> {
    if (this.#last !== undefined && performance.now() < this.#last.untilMs)
      return await this.#last.answer;
    const answer = this.#make();
    const under = { answer, untilMs: Number.POSITIVE_INFINITY };
    this.#last = under;
    try {
      const made = await answer;
      if (this.#last === under) this.#last = { answer, untilMs: performance.now() + SAME_MS };
      return made;
    } catch (error) {
      if (this.#last === under) this.#last = undefined;
      throw error;
    }
  }

  async #make(): Promise<HttpAnswer> {
    const { commands, config, standing } = this.#needs;
    const picture = await commands.view(['processes', 'statements']);
    const scene = { picture, config: config(), standing: standing() };
    const body = await this.#exposition.text(scene);
    return { status: 200, type: this.#exposition.contentType, body };
  }
}
