/** Custom settings contain a dot that separates two names; other names hold no such character. */
export function quoteName(name: string): string {
  return name
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');
}

/** A column with the value of a setting, or NULL, whatever encodings are in use; `readValue` reads it. */
export function valueSql(name: string): string {
  const value = `pg_catalog.current_setting(${quoteText(name)},true)`;
  return `pg_catalog.encode(pg_catalog.convert_to(${value},'UTF8'),'hex')`;
}

/** What a column of `valueSql` says. */
export function readValue(column: string | null | undefined): string | null {
  return column === null || column === undefined ? null : Buffer.from(column, 'hex').toString();
}

/**
 * A text literal that means the same whatever client_encoding and standard_conforming_strings the link
 * has: an escape string of ASCII only.
 */
export function quoteText(text: string): string {
  let out = "E'";
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (char === "'") out += "''";
    else if (char === '\\') out += '\\\\';
    else if (code >= 0x20 && code < 0x7f) out += char;
    else if (code <= 0xffff) out += `\\u${code.toString(16).padStart(4, '0')}`;
    else out += `\\U${code.toString(16).padStart(8, '0')}`;
  }
  return `${out}'`;
}
