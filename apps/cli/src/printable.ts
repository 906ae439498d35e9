/**
 * A text of a file for a terminal: control characters (escapes that color, move or clear, newlines) as they are written in
 * JSON, and marks that turn the direction of writing as their numbers.
 */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const known = JSON.stringify(character).slice(1, -1);
    return known === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : known;
  });
}
