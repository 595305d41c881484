import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { SCENE_PASSWORD, Scene } from './scene';

/** How long the applications run before the pictures are taken: seconds, on the command line. */
const RUN_SECONDS = 240;
const DESKTOP = { width: 1280, height: 860 };
const PHONE = { width: 375, height: 812 };
const ROOT = join(__dirname, '..', '..', '..', '..');
/** What the documents show, and what is only to be looked at. */
const FOLDERS = { docs: join(ROOT, 'docs', 'images'), look: join(ROOT, 'build', 'images') };

interface Shot {
  readonly name: string;
  readonly for: keyof typeof FOLDERS;
  readonly path: string;
  readonly scheme: 'light' | 'dark';
  readonly size?: typeof DESKTOP;
  readonly prepare?: (page: Page) => Promise<void>;
}

const SHOTS: readonly Shot[] = [
  { name: 'overview-light', for: 'docs', path: '#/', scheme: 'light' },
  { name: 'overview-dark', for: 'docs', path: '#/', scheme: 'dark' },
  { name: 'overview-phone', for: 'docs', path: '#/', scheme: 'light', size: PHONE },
  { name: 'pools-light', for: 'look', path: '#/pools', scheme: 'light' },
  { name: 'pool-dark', for: 'look', path: '#/pools/orders/app', scheme: 'dark', prepare: signIn },
  {
    name: 'pause-light',
    for: 'docs',
    path: '#/pools/orders/app',
    scheme: 'light',
    prepare: askToPause,
  },
  { name: 'pools-phone', for: 'look', path: '#/pools', scheme: 'dark', size: PHONE },
  { name: 'servers-light', for: 'look', path: '#/servers', scheme: 'light' },
  { name: 'sessions-dark', for: 'look', path: '#/sessions', scheme: 'dark' },
  { name: 'statements-light', for: 'look', path: '#/statements', scheme: 'light' },
  { name: 'system-light', for: 'look', path: '#/system', scheme: 'light' },
  { name: 'settings-dark', for: 'look', path: '#/settings', scheme: 'dark' },
];

async function signIn(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel('Password').fill(SCENE_PASSWORD);
  await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

async function askToPause(page: Page): Promise<void> {
  await signIn(page);
  await page.getByRole('button', { name: 'PAUSE orders' }).click();
}

async function take(browser: Browser, url: string, shot: Shot): Promise<void> {
  const { name, path, scheme, size = DESKTOP, prepare } = shot;
  const context = await browser.newContext({ viewport: size, colorScheme: scheme });
  const page = await context.newPage();
  await page.goto(url + path);
  await page.getByText('Live', { exact: true }).waitFor();
  // What else is drawn comes with the first answers.
  await page.waitForLoadState('networkidle');
  await prepare?.(page);
  await delay(1_500);
  await page.screenshot({ path: join(FOLDERS[shot.for], `dashboard-${name}.png`) });
  await context.close();
}

/** Plays the scene, and writes pictures of the page to docs/images and build/images. Build first. */
async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? RUN_SECONDS);
  for (const folder of Object.values(FOLDERS)) mkdirSync(folder, { recursive: true });
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const scene = await Scene.open();
  try {
    await delay((seconds * 1000) / 2);
    await scene.failOver();
    await scene.pin();
    await delay((seconds * 1000) / 2);
    for (const shot of SHOTS) await take(browser, scene.url, shot);
  } finally {
    await browser.close();
    await scene.close();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
