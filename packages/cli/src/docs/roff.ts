import { VERSION } from '../version';

/** The head of a manual page, in the macros of man(7). */
export function manualHead(section: 1 | 5, summary: string): string {
  return [
    '.\\" Generated (npm run docs -w packages/cli); do not edit.',
    `.TH PGWEIR ${section} "" "pgweir ${VERSION}" "pgweir"`,
    // Names and values are long; stretched lines with them read badly.
    '.ad l',
    '.nh',
    ...lined('NAME', `pgweir \\- ${summary}`),
  ].join('\n');
}

function lined(title: string, ...lines: readonly string[]): string[] {
  return [`.SH ${title}`, ...lines];
}

/** A section; `parts` are what the functions below make. */
export function section(title: string, ...parts: readonly string[]): string {
  return lined(title, ...parts).join('\n');
}

export function subsection(title: string, ...parts: readonly string[]): string {
  return [`.SS "${prose(title)}"`, ...parts].join('\n');
}

/** Text as it stands; what is between backticks is bold. Blank lines begin paragraphs. */
export function paragraphs(text: string): string {
  const each = text.split(/\n\s*\n/).map((part) => `.P\n${line(part)}`);
  return each.join('\n');
}

/** A term, bold, with what goes with it, and its explanation. */
export function entry(term: string, explanation: string, more = ''): string {
  const beside = more === '' ? '' : ` (${prose(more)})`;
  return `.TP\n\\fB${escaped(term)}\\fR${beside}\n${line(explanation)}`;
}

/** Lines as they are. */
export function verbatim(text: string): string {
  const lines = text.trimEnd().split('\n').map(exact);
  return ['.P', '.RS 4', '.nf', ...lines, '.fi', '.RE'].join('\n');
}

function exact(text: string): string {
  return guarded(escaped(text));
}

function line(text: string): string {
  return guarded(prose(text.trim().replace(/\s+/g, ' ')));
}

function prose(text: string): string {
  return text
    .split('`')
    .map((part, at) => (at % 2 === 1 ? `\\fB${escaped(part)}\\fR` : escaped(part)))
    .join('');
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('"', '\\(dq')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti');
}

/** A dot at the beginning would be a macro. */
function guarded(text: string): string {
  return text.startsWith('.') ? `\\&${text}` : text;
}
