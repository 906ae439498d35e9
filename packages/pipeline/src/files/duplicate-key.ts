/**
 * The first key that an object has twice, with those above it (`variants.searched`), of which JSON.parse would silently take the
 * last.
 * @param text valid JSON
 */
export function duplicateKey(text: string): string | undefined {
  /** Of each object that is open: its keys so far; of each array, none. */
  const open: { readonly keys?: Set<string>; key: string }[] = [];
  // Strings, the only place where brackets mean nothing, and brackets; a string before a colon is a key.
  for (const [token, , colon] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g)) {
    if (token === '{') open.push({ keys: new Set(), key: '' });
    else if (token === '[') open.push({ key: '' });
    else if (token === '}' || token === ']') open.pop();
    else if (colon !== undefined) {
      const object = open.at(-1)!;
      object.key = JSON.parse(token.slice(0, token.length - colon.length)) as string;
      if (object.keys!.has(object.key)) return open.flatMap(({ key }) => (key === '' ? [] : [key])).join('.');
      object.keys!.add(object.key);
    }
  }
  return undefined;
}
