/** A file of the web page, by its path below the page's own. */
export interface PageFile {
  readonly path: string;
  readonly contentType: string;
  readonly body: Buffer;
}

interface BuiltFile extends Omit<PageFile, 'body'> {
  readonly base64: string;
}

/**
 * The files of the page, `index.html` among them.
 *
 * @throws Error for people, when the page has not been built
 */
export function pageFiles(): readonly PageFile[] {
  return builtFiles().map(({ base64, ...file }) => ({
    ...file,
    body: Buffer.from(base64, 'base64'),
  }));
}

function builtFiles(): readonly BuiltFile[] {
  try {
    // Made by `bundle/main`; within the single executable it is a part of that.
    return require('./built-page.js').FILES;
  } catch (cause) {
    const isMissing =
      cause instanceof Error && 'code' in cause && cause.code === 'MODULE_NOT_FOUND';
    if (!isMissing) throw cause;
    throw new Error('the web page has not been built: npm run build', { cause });
  }
}
