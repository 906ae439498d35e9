/** Plain data, as a JSON file holds it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** What a JSON file would hold of a value: settings of any interface become plain data. */
export function toJson(value: unknown): Json {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? null : (JSON.parse(text) as Json);
}

/** Paths at which two values differ, in words: `phases.0.optimizer.momentum: 0.9, here 0.8`. Absent and undefined are equal. */
export function jsonDifferences(recorded: Json | undefined, current: Json | undefined, path = ''): string[] {
  if (isContainer(recorded) && isContainer(current) && Array.isArray(recorded) === Array.isArray(current)) {
    const [a, b] = [entries(recorded), entries(current)];
    const keys = [...new Set([...a.keys(), ...b.keys()])];
    return keys.flatMap((key) => jsonDifferences(a.get(key), b.get(key), path ? `${path}.${key}` : key));
  }
  if (recorded === current) return [];
  return [`${path || 'value'}: ${show(recorded)}, here ${show(current)}`];
}

function isContainer(value: Json | undefined): value is Exclude<Json, null | boolean | number | string> {
  return typeof value === 'object' && value !== null;
}

function entries(value: object): Map<string, Json | undefined> {
  return new Map(Object.entries(value as Record<string, Json | undefined>));
}

function show(value: Json | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
