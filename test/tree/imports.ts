import { posix } from 'node:path';
import {
  argumentsOf,
  identifierName,
  isSyntaxNode,
  type SyntaxNode,
  type SyntaxTree,
  stringValue,
} from './syntax';

/**
 * How a file refers to another: `type` is gone at run time; `lazy` loads when the code gets there;
 * `path` names a program of the same package, to be run as a process.
 */
export type ImportKind = 'static' | 'type' | 'lazy' | 'path';

export interface Import {
  readonly kind: ImportKind;
  /** `undefined`: computed at run time, so nobody can check it. */
  readonly specifier: string | undefined;
  readonly line: number;
}

type Reference = Omit<Import, 'line'>;

export function importsOf(tree: SyntaxTree): readonly Import[] {
  const found: Import[] = [];
  for (const { node } of tree.nodes) {
    const reference = referenceOf(node);
    if (reference !== undefined) found.push({ ...reference, line: tree.lineOf(node) });
  }
  return found;
}

function referenceOf(node: SyntaxNode): Reference | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration': {
      const specifier = stringValue(node.source);
      if (specifier === undefined) return undefined;
      return { kind: isTypeOnly(node) ? 'type' : 'static', specifier };
    }
    case 'TsImportType':
      return { kind: 'type', specifier: stringValue(node.argument) };
    case 'TsExternalModuleReference':
      return { kind: 'static', specifier: stringValue(node.expression) };
    case 'CallExpression':
      return calledReference(node);
    default:
      return undefined;
  }
}

function isTypeOnly(node: SyntaxNode): boolean {
  if (node.typeOnly === true) return true;
  const names = node.specifiers;
  if (!Array.isArray(names) || names.length === 0) return false;
  return names.every((name: unknown) => isSyntaxNode(name) && name.isTypeOnly === true);
}

function calledReference(call: SyntaxNode): Reference | undefined {
  const { callee } = call;
  const [first, ...rest] = argumentsOf(call);
  if (isSyntaxNode(callee) && callee.type === 'Import') {
    return { kind: 'lazy', specifier: stringValue(first) };
  }
  if (identifierName(callee) === 'require' || isRequireResolve(callee)) {
    return { kind: 'lazy', specifier: stringValue(first) };
  }
  if (identifierName(first) === '__dirname') {
    const parts = rest.map(stringValue);
    const path = parts.includes(undefined) ? '' : parts.join('/');
    if (path.endsWith('.js')) return { kind: 'path', specifier: `./${posix.normalize(path)}` };
  }
  return undefined;
}

function isRequireResolve(callee: unknown): boolean {
  return (
    isSyntaxNode(callee) &&
    callee.type === 'MemberExpression' &&
    identifierName(callee.object) === 'require' &&
    identifierName(callee.property) === 'resolve'
  );
}
