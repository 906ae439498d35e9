import { NatsError } from '@nats/graph';

/** Rule and received of an image that cannot be used. @throws what is neither malformed nor missing */
export function imageFault(error: unknown): { rule: string; received: string } {
  if (error instanceof NatsError) return { rule: error.details.rule, received: error.details.received };
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return { rule: 'an image exists', received: 'no such file' };
  if (code === 'EACCES' || code === 'EPERM')
    return { rule: 'an image may be read', received: 'a file without permission' };
  if (code === 'ENAMETOOLONG' || code === 'ELOOP') return { rule: 'an image exists', received: String(code) };
  throw error;
}
