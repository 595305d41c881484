/** Strict: undefined for the empty text, foreign characters, missing padding or loose final bits. */
export function decodeBase64(text: string): Buffer | undefined {
  if (text === '') return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
