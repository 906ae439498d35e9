import { NatsError } from '@nats/graph';

/** Of a PNG or JPEG file, by its first bytes. @throws NatsError `malformed` for other files */
export function imageType(bytes: Uint8Array, name: string): 'image/png' | 'image/jpeg' {
  const begins = (...start: number[]) => start.every((byte, i) => bytes[i] === byte);
  if (begins(0x89, 0x50, 0x4e, 0x47)) return 'image/png';
  if (begins(0xff, 0xd8, 0xff)) return 'image/jpeg';
  throw new NatsError('malformed', {
    rule: 'a picture of a report is a PNG or JPEG file',
    received: `${bytes.length} bytes that begin with ${[...bytes.subarray(0, 4)].join(' ')}`,
    where: name,
  });
}
