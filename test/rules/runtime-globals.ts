import { type Finding, finding } from '../tree/finding';
import { type Repository, type SourceFile, workspaceOf } from '../tree/repository';
import { identifierName, type Place, type SyntaxNode } from '../tree/syntax';
import { DEPENDENCY_RULES, type PackageRule, RUNTIME_GLOBALS } from './dependency-table';

/** Where a package uses the process, the console, timers … although it must not. */
export function globalBreaches(
  repository: Repository,
  rules: Readonly<Record<string, PackageRule>> = DEPENDENCY_RULES,
): readonly Finding[] {
  return repository.sources.flatMap((file) => {
    const workspace = workspaceOf(repository, file.path);
    const source = `${workspace?.dir}/src/`;
    if (workspace === undefined || !file.path.startsWith(source)) return [];
    const allowed = rules[workspace.manifest.name]?.globals ?? 'any';
    if (allowed === 'any') return [];
    const folder = file.path.slice(source.length);
    return globalsOf(file)
      .filter(({ name }) => {
        const below = allowed[name] ?? allowed[`${name.split('.')[0]}.*`];
        return below === undefined || !folder.startsWith(below);
      })
      .map(({ name, line }) =>
        finding(file.path, line, `${workspace.manifest.name} must not use ${name} here`),
      );
  });
}

interface GlobalUse {
  /** `process`, or with its member `process.env`. */
  readonly name: string;
  readonly line: number;
}

function globalsOf(file: SourceFile): readonly GlobalUse[] {
  const uses: GlobalUse[] = [];
  for (const { node, place } of file.tree.nodes) {
    const name = identifierName(node);
    if (name === undefined || !RUNTIME_GLOBALS.has(name) || isOnlyAName(place)) continue;
    const member = memberOf(node, place);
    uses.push({
      name: member === undefined ? name : `${name}.${member}`,
      line: file.tree.lineOf(node),
    });
  }
  return uses;
}

/** `x.process`, `{ process: 1 }` and the like mention the word, not the global. */
function isOnlyAName({ field }: Place): boolean {
  return ['property', 'key', 'imported', 'exported', 'label'].includes(field);
}

function memberOf(node: SyntaxNode, { parent }: Place): string | undefined {
  if (parent?.type !== 'MemberExpression' || parent.object !== node) return undefined;
  return identifierName(parent.property);
}
