import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A file that Terraform fills in, filled in here: `${name}` becomes the value of that name.
 *
 * @throws Error for a name without a value
 */
export function fillTemplate(name: string, values: Readonly<Record<string, string>>): string {
  const text = readFileSync(join(__dirname, '..', name), 'utf8');
  return text.replace(/\$\{(\w+)\}/g, (_, key: string) => {
    const value = values[key];
    if (value === undefined) throw new Error(`${name}: there is no value for ${key}`);
    return value;
  });
}
