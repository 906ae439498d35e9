import { readFile } from 'node:fs/promises';

/** What a JSON file of a run holds. @throws Error naming a file that is no JSON; IO errors pass through */
export async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path} is damaged: ${(cause as Error).message}`, { cause });
  }
}
