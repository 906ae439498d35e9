import { malformed } from '@nats/graph';

/** A text, or one of the numbers that Python writes and JSON does not have. */
const TEXT_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;

/**
 * Parses the text of a JSON file. NaN and Infinity, which Python's writer leaves in files, are read as the texts "NaN" and
 * "Infinity", so that a check of the fields can say which one it is.
 * @param file its name, for messages
 * @throws NatsError `malformed` if it is not JSON
 */
export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (/\b(?:NaN|Infinity)\b/.test(text)) {
      try {
        return JSON.parse(text.replace(TEXT_OR_NUMBER, (match) => (match.startsWith('"') ? match : `"${match}"`)));
      } catch {
        // The first message has the right position.
      }
    }
    throw malformed(file, '', { rule: 'the file is JSON', received: (error as Error).message });
  }
}
