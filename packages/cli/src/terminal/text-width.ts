/** Characters that take two columns: East Asian wide ones and pictures. */
const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F000}-\u{1FAFF}\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}/u;

/** Columns that a `printable` text takes in a terminal. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += WIDE.test(character) ? 2 : 1;
  return width;
}

/** Exactly so many columns: cut with `~` at the end, or filled with blanks. */
export function fitted(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const own = textWidth(text);
  if (own <= width) {
    const blanks = ' '.repeat(width - own);
    return align === 'left' ? text + blanks : blanks + text;
  }
  if (width <= 0) return '';
  let cut = '';
  let taken = 0;
  for (const character of text) {
    const next = textWidth(character);
    if (taken + next > width - 1) break;
    cut += character;
    taken += next;
  }
  return `${cut}~`.padEnd(cut.length + 1 + width - 1 - taken);
}
