import { createReadStream } from 'node:fs';
import { malformed } from '@nats/graph';
import { checkRegular } from './regular-file.js';

/** Longest line, in bytes: beyond it a file has none. */
const LONGEST = 2 ** 28;

/**
 * The lines of a UTF-8 text file of any size, without their ends, some at a time. The last one is there only if it is not
 * empty. IO errors pass through.
 * @throws NatsError `malformed` for what is no regular file, and for a line of more than 256 MiB
 */
export async function* readLines(path: string): AsyncGenerator<readonly string[], void, void> {
  await checkRegular(path);
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    const bytes = chunk as Buffer;
    const end = bytes.lastIndexOf(10);
    if (end < 0) {
      parts.push(bytes);
      length += bytes.length;
      if (length > LONGEST) {
        throw malformed(path, '', { rule: 'a file of lines has line ends', received: `none in ${length} bytes` });
      }
      continue;
    }
    const whole = Buffer.concat([...parts, bytes.subarray(0, end)]);
    yield whole.toString('utf8').split('\n');
    parts = [bytes.subarray(end + 1)];
    length = bytes.length - end - 1;
  }
  const rest = Buffer.concat(parts).toString('utf8');
  if (rest !== '') yield [rest];
}
