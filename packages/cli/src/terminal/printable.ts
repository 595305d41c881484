/**
 * Text of somebody else as it may go to a terminal: whoever connects chooses its application_name, and
 * must not be able to move the cursor, change colours or hide what stands beside it. Control and format
 * characters, marks that stack on others, and what is no character are question marks then, blanks of
 * all kinds are blanks.
 */
export function printable(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(/[\p{Z}\t]/gu, ' ')
    .replaceAll(/[\p{C}\p{M}]/gu, '?');
}
