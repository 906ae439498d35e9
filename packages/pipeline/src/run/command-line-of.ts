/** What was typed, as a shell would take it again. */
export function commandOf(args: readonly string[], program = 'nats'): string {
  return [program, ...args].map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
