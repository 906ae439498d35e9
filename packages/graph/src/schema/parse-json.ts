import { malformed, type NatsError } from '../errors.js';

/** A text, or one of the numbers that Python writes and JSON does not have. */
const TEXT_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;

/**
 * The value of the text of a JSON file, with or without a byte order mark. NaN and Infinity, which Python's writer leaves in
 * files, are read as the texts "NaN" and "Infinity": who needs that field can say which one it is, nobody else minds.
 * @param file its name, for messages
 * @param limit characters that such a file has at most; default any
 * @throws NatsError `malformed` with file, line and column if it is not JSON
 */
export function parseJson(text: string, file: string, limit = Number.POSITIVE_INFINITY): unknown {
  if (text.length > limit) {
    throw malformed(file, '', {
      rule: 'the file is of a plausible size',
      received: `${text.length} characters`,
      limit: `at most ${limit}`,
    });
  }
  const content = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  try {
    return JSON.parse(content);
  } catch (error) {
    if (/\b(?:NaN|Infinity)\b/.test(content)) {
      try {
        return JSON.parse(content.replace(TEXT_OR_NUMBER, (match) => (match.startsWith('"') ? match : `"${match}"`)));
      } catch {
        // The first message has the right position.
      }
    }
    throw notJson(content, file, error as Error);
  }
}

function notJson(text: string, file: string, error: Error): NatsError {
  const rule = 'a JSON file is complete and correct';
  if (text.trim() === '') return malformed(file, '', { rule, received: 'an empty file' });
  const stated = /position (\d+)/.exec(error.message)?.[1];
  const isEnd = /end of JSON input|Unterminated string/.test(error.message);
  // Node names no position in short texts.
  if (stated === undefined && !isEnd)
    return malformed(file, '', { rule, received: error.message.replaceAll(/\s+/g, ' ') });
  const at = stated === undefined ? text.length : Number(stated);
  const before = text.slice(0, at);
  const place = `line ${before.split('\n').length}, column ${at - before.lastIndexOf('\n')}`;
  const atEnd = isEnd || at >= text.length;
  const received = atEnd ? 'an end before the value is complete' : JSON.stringify(text.slice(at, at + 12));
  return malformed(file, place, { rule, received });
}
