import type { HttpAnswer } from '../http/route';

/** Nothing of anybody else is loaded, and nobody shows the page within another one. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
};

/** The files of the page. */
export class Page {
  readonly #answers: ReadonlyMap<string, HttpAnswer>;

  /** @throws Error for people, when the page has not been built */
  constructor() {
    const files = pageLibrary().pageFiles();
    this.#answers = new Map(
      files.map(({ path, contentType: type, body }) => [
        path,
        { status: 200, type, body, headers: HEADERS },
      ]),
    );
  }

  answer(path: string): HttpAnswer | undefined {
    return this.#answers.get(path === '' ? 'index.html' : path);
  }
}

/** With the page in it, which is loaded only where it is shown. */
function pageLibrary(): typeof import('@pgweir/dashboard') {
  return require('@pgweir/dashboard');
}
