import { readRegularFile } from '@nats/transfer';

/** The UTF-8 text of a regular file, without a byte order mark. IO errors pass through. @throws NatsError for what is no file */
export async function readText(path: string): Promise<string> {
  const text = (await readRegularFile(path)).toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
