import { isNode, type TreeNode } from './grammar';

/** The node below `node` under this name. */
export function child(node: TreeNode, name: string): TreeNode | undefined {
  const value = node[name];
  return isNode(value) ? value : undefined;
}

export function children(node: TreeNode, name: string): readonly TreeNode[] {
  const value = node[name];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

export function text(node: TreeNode | undefined, name: string): string | undefined {
  const value = node?.[name];
  return typeof value === 'string' ? value : undefined;
}

export function number(node: TreeNode | undefined, name: string): number | undefined {
  const value = node?.[name];
  return typeof value === 'number' ? value : undefined;
}

/** The text of a literal. An empty one has no field. */
export function literalText(node: TreeNode): string | undefined {
  const constant = child(node, 'A_Const');
  const value = constant === undefined ? undefined : child(constant, 'sval');
  return value === undefined ? undefined : (text(value, 'sval') ?? '');
}

/** `true` and `false`, which has no field. */
export function literalBoolean(node: TreeNode): boolean | undefined {
  const constant = child(node, 'A_Const');
  const value = constant === undefined ? undefined : child(constant, 'boolval');
  return value === undefined ? undefined : value.boolval === true;
}

/** What is cast in `'x'::text::name`. */
export function withoutCasts(node: TreeNode): TreeNode {
  let inner = node;
  for (;;) {
    const cast = child(inner, 'TypeCast');
    const next = cast === undefined ? undefined : child(cast, 'arg');
    if (next === undefined) return inner;
    inner = next;
  }
}

/** The last part of a qualified name. */
export function lastName(names: readonly TreeNode[]): string | undefined {
  const last = names.at(-1);
  return last === undefined ? undefined : text(child(last, 'String'), 'sval');
}
