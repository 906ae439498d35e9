import { malformed } from '@nats/graph';
import { parseJson } from '@nats/graph/schema';
import type { z } from 'zod';
import { readText } from './read-text.js';

/** What a JSON file holds. IO errors pass through. @throws NatsError `malformed` naming a file that is no JSON, and the place */
export async function readJson(path: string): Promise<unknown> {
  return parseJson(await readText(path), path);
}

/**
 * What a JSON file of a run holds, which its user may have edited. Fields that the schema doesn't name stay.
 * @throws NatsError `malformed` naming file and field
 */
export async function readJsonAs<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  return checkedAs(await readJson(path), schema, path);
}

/** @param where of the value in its file @throws NatsError `malformed` naming file and field */
export function checkedAs<T>(value: unknown, schema: z.ZodType<T>, path: string, where?: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = [...(where === undefined ? [] : [where]), ...issue!.path.map(String)].join('.');
  throw malformed(path, field, {
    rule: 'a file of a run is as nats writes it',
    received: issue!.message,
    limit: 'it was edited or damaged: restore it, or remove it and run the command that makes it again',
  });
}
