import { NatsError } from '@nats/graph';
import { closest } from 'fastest-levenshtein';

/** The error for a name of which there is none, with the nearest one. @param known at least one */
export function unknownName(what: string, name: unknown, known: readonly string[]): NatsError {
  return new NatsError('name', {
    rule: `${what} is one of those listed`,
    received: `'${String(name)}' (nearest: '${closest(String(name), known)}')`,
    limit: known.join(', '),
  });
}
