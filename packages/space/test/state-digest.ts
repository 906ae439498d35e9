import { createHash } from 'node:crypto';
import type { StateSpec } from '@nats/graph';

/** SHA-256 of the lines `name:1,2,3` in order of declaration; `state_digest` of tools/golden/space.py says the same. */
export function stateDigest(spec: StateSpec): string {
  const lines = [...spec.values()].map(({ name, shape }) => `${name}:${shape.join()}`);
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}
