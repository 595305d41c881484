const CR = 0x4352;
const AL = 0x414c;
const DR = 0x4452;

/**
 * Whether a command tag, `buffer[start, end)` of a CommandComplete, is that of a statement that may
 * change what the catalog says of names: CREATE, ALTER or DROP of anything. No other tag begins so.
 *
 * For `CatalogKnowledge.schemaChanged`, unless the statement made something temporary.
 */
export function isSchemaTag(buffer: Buffer, start: number, end: number): boolean {
  if (end - start < 2) return false;
  const beginning = ((buffer[start] ?? 0) << 8) | (buffer[start + 1] ?? 0);
  return beginning === CR || beginning === AL || beginning === DR;
}
