import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

const PACKAGE = join(__dirname, '..', '..');
const SOURCES = join(PACKAGE, 'src', 'page');

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/**
 * Bundles the page into the module `dist/built-page.js`, which has its files as data: the npm package and
 * the single executable have them without files beside them. May run in several processes at once.
 *
 * @returns the bytes of all files
 */
export async function buildPage(): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: ['page.tsx', 'page.css'].map((name) => join(SOURCES, name)),
    ...{ bundle: true, minify: true, write: false, outdir: 'out', legalComments: 'none' },
    ...{ format: 'iife', target: 'es2020', jsx: 'automatic', jsxImportSource: 'preact' },
  });
  const files = [
    ...['index.html', 'favicon.svg'].map((path) => ({
      path,
      contents: readFileSync(join(SOURCES, path)),
    })),
    ...outputFiles.map(({ path, contents }) => ({ path: basename(path), contents })),
  ].map(({ path, contents }) => ({
    path,
    contentType: CONTENT_TYPES[path.split('.').at(-1) ?? ''] ?? '',
    base64: Buffer.from(contents).toString('base64'),
  }));
  const target = join(PACKAGE, 'dist', 'built-page.js');
  const text = `exports.FILES = ${JSON.stringify(files, undefined, 1)};\n`;
  writeFileSync(`${target}.${process.pid}`, text);
  renameSync(`${target}.${process.pid}`, target);
  return files.reduce((sum, { base64 }) => sum + Buffer.byteLength(base64, 'base64'), 0);
}
