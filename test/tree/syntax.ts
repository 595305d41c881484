import { parseSync } from '@swc/core';

/** A node of the syntax tree, as little of it as the rules need. */
export interface SyntaxNode {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** Where a node hangs: its parent and the name of the parent's field. */
export interface Place {
  readonly parent: SyntaxNode | undefined;
  readonly field: string;
}

export interface PlacedNode {
  readonly node: SyntaxNode;
  readonly place: Place;
}

export interface SyntaxTree {
  /** Every node, parents first. */
  readonly nodes: readonly PlacedNode[];
  lineOf(node: SyntaxNode): number;
  lastLineOf(node: SyntaxNode): number;
}

const NEWLINE = 0x0a;

/** @throws Error if `text` is not TypeScript */
export function parseTypeScript(
  text: string,
  { tsx }: { readonly tsx: boolean } = { tsx: false },
): SyntaxTree {
  // The parser counts bytes from a base that it does not tell; an empty statement at the very start
  // shows it. A line with `#!` may only stand first, so it becomes a comment.
  const marked = `;${text.replace(/^#!/, '//')}`;
  const root: unknown = parseSync(marked, {
    syntax: 'typescript',
    tsx,
    target: 'es2022',
    decorators: true,
  });
  if (!isSyntaxNode(root) || !Array.isArray(root.body)) throw new Error('no syntax tree');
  const base = spanOf(root.body[0]).start;
  const lineStarts = [0];
  Buffer.from(marked).forEach((byte, at) => {
    if (byte === NEWLINE) lineStarts.push(at + 1);
  });
  const lineAt = (offset: number): number => {
    let low = 0;
    let high = lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((lineStarts[middle] ?? Infinity) <= offset - base) low = middle;
      else high = middle;
    }
    return low + 1;
  };
  const nodes: PlacedNode[] = [];
  walk(root, (node, place) => nodes.push({ node, place }));
  return {
    nodes,
    lineOf: (node) => lineAt(spanOf(node).start),
    lastLineOf: (node) => lineAt(spanOf(node).end - 1),
  };
}

/** Calls `visit` for every node, parents first. */
export function walk(
  node: unknown,
  visit: (node: SyntaxNode, place: Place) => void,
  place: Place = { parent: undefined, field: '' },
): void {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, visit, place);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  let parent = place.parent;
  if (isSyntaxNode(node)) {
    visit(node, place);
    parent = node;
  }
  for (const [field, value] of Object.entries(node)) {
    if (field === 'span') continue;
    // Wrappers without a type, such as that of an argument, do not count as parents.
    if (typeof value === 'object') walk(value, visit, { parent, field });
  }
}

export function isSyntaxNode(value: unknown): value is SyntaxNode {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    typeof value.type === 'string' &&
    value.type !== ''
  );
}

/** The name if `value` is an identifier. */
export function identifierName(value: unknown): string | undefined {
  return isSyntaxNode(value) && value.type === 'Identifier' ? String(value.value) : undefined;
}

/** The text if `value` is a string literal. */
export function stringValue(value: unknown): string | undefined {
  return isSyntaxNode(value) && value.type === 'StringLiteral' ? String(value.value) : undefined;
}

/** The argument expressions of a call. */
export function argumentsOf(call: SyntaxNode): readonly unknown[] {
  const list = call.arguments;
  if (!Array.isArray(list)) return [];
  return list.map((item: unknown) =>
    typeof item === 'object' && item !== null && 'expression' in item ? item.expression : undefined,
  );
}

function spanOf(node: unknown): { readonly start: number; readonly end: number } {
  if (typeof node === 'object' && node !== null && 'span' in node) {
    const { span } = node;
    if (typeof span === 'object' && span !== null && 'start' in span && 'end' in span) {
      return { start: Number(span.start), end: Number(span.end) };
    }
  }
  throw new Error('a node of the syntax tree without a position');
}
