import { isNode, type Statement } from '../../src/sql/grammar';

/** Fields that say where in the text something stands. */
const PLACES: ReadonlySet<string> = new Set([
  ...['location', 'list_start', 'list_end', 'rexpr_list_start', 'rexpr_list_end', 'stmt_len'],
]);

/** The statements of a text with all literals and numbers alike, and without places, to be compared. */
export function withoutConstants(statements: readonly Statement[]): unknown {
  return statements.map(({ node }) => blank(node));
}

function blank(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(blank);
  if (!isNode(value)) return value;
  const fields = Object.entries(value).filter(([name]) => !PLACES.has(name));
  return Object.fromEntries(
    fields.map(([name, below]) => {
      if (name === 'A_Const' && isNode(below)) return [name, kindOfConstant(below)];
      if (name === 'DefElem' && isNode(below))
        return [name, { name: below.defname, value: kindOfOption(below.arg) }];
      if (name === 'sval' && isFloat(below)) return [name, 'float'];
      return [name, blank(below)];
    }),
  );
}

function kindOfConstant(constant: Readonly<Record<string, unknown>>): string {
  if ('ival' in constant || 'fval' in constant) return 'number';
  if ('sval' in constant) return 'text';
  if ('bsval' in constant) return 'bits';
  return JSON.stringify({ isNull: constant.isnull, boolean: constant.boolval });
}

/** The values of options, such as those of EXPLAIN. */
function kindOfOption(value: unknown): unknown {
  if (!isNode(value)) return value;
  if ('Integer' in value || 'Float' in value) return 'number';
  return 'String' in value ? 'text' : blank(value);
}

/** float(24) is another type than float(25), and PostgreSQL's own like that. */
function isFloat(value: unknown): boolean {
  return value === 'float4' || value === 'float8';
}
