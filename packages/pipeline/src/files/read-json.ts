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
  const result = schema.safeParse(await readJson(path));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw malformed(path, issue!.path.map(String).join('.'), {
    rule: 'a file of a run is as nats writes it',
    received: issue!.message,
    limit: 'it was edited or damaged: restore it, or remove it and run the command that makes it again',
  });
}
