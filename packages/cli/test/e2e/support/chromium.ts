import { existsSync, readFileSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const PROGRAM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Tests that need a browser; where there is none they are skipped, and their name says why. */
export const testWithChromium: typeof test = existsSync(PROGRAM)
  ? test
  : skipping(`no ${PROGRAM}: set CHROMIUM, or install chromium`);

function skipping(why: string): typeof test {
  const skipped = (name: string, body: jest.ProvidesCallback) =>
    test.skip(`${name} (skipped: ${why})`, body);
  return Object.assign(skipped, test);
}

/** A browser for the tests of one file, which is gone after them. */
export function chromiumForTests(): () => Promise<Browser> {
  let browser: Promise<Browser> | undefined;
  afterAll(async () => await (await browser)?.close());
  return () => {
    // As root, as in containers, its sandbox does not work. It only sees pages of the test.
    browser ??= chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox'] });
    return browser;
  };
}

interface PageOptions {
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
}

/** A page of its own, and what went wrong in it: messages of errors and requests to anybody else. */
export async function openPage(
  browser: Browser,
  url: string,
  { scheme = 'light', width = 1280 }: PageOptions = {},
): Promise<{
  readonly page: Page;
  readonly context: BrowserContext;
  readonly wrong: readonly string[];
}> {
  const viewport = { width, height: 860 };
  const context = await browser.newContext({ viewport, colorScheme: scheme });
  const page = await context.newPage();
  // Less than a test has, so that it says what it has waited for.
  page.setDefaultTimeout(15_000);
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') wrong.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(url).origin)) wrong.push(request.url());
  });
  await page.goto(url);
  return { page, context, wrong };
}

const AXE = require.resolve('axe-core/axe.min.js');

/** What makes the page hard to use for somebody, of what can be found by a program. */
export async function accessibilityProblems(page: Page): Promise<readonly string[]> {
  // The page's own policy would not let it in as a script of the page.
  await page.evaluate(readFileSync(AXE, 'utf8'));
  return await page.evaluate<readonly string[]>(`axe.run(document).then(({ violations }) =>
    violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) =>
        id + ': ' + html + ' ' + failureSummary)))`);
}
