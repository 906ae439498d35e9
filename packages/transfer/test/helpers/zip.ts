import { deflateSync } from 'fflate';
import { crc32 } from '../../src/crc32.js';
import { bytes, u16, u32 } from './bytes.js';

export interface ZipInput {
  readonly name: string;
  readonly data: Uint8Array;
  readonly deflate?: boolean;
  /** What the headers claim, when it is to differ from the data. */
  readonly claim?: { readonly size?: number; readonly crc?: number; readonly flags?: number; readonly method?: number };
}

/** A minimal zip writer: entries one after the other, then the directory. `edit` may spoil the end record. */
export function makeZip(inputs: readonly ZipInput[]): Uint8Array {
  const locals: Uint8Array[] = [];
  const centrals: Uint8Array[] = [];
  let offset = 0;
  for (const { name, data, deflate = false, claim = {} } of inputs) {
    const stored = deflate ? deflateSync(data) : data;
    const fields = bytes(
      u16(claim.flags ?? 0),
      u16(claim.method ?? (deflate ? 8 : 0)),
      u32(0),
      u32(claim.crc ?? crc32(data)),
      u32(stored.length),
      u32(claim.size ?? data.length),
      u16(name.length),
      u16(0),
    );
    locals.push(bytes(u32(0x04034b50), u16(20), fields, name), stored);
    centrals.push(bytes(u32(0x02014b50), u16(20), u16(20), fields, u16(0), u16(0), u16(0), u32(0), u32(offset), name));
    offset += 30 + name.length + stored.length;
  }
  const directory = bytes(...centrals);
  const end = bytes(
    u32(0x06054b50),
    u16(0),
    u16(0),
    u16(inputs.length),
    u16(inputs.length),
    u32(directory.length),
    u32(offset),
    u16(0),
  );
  return joinAll([...locals, directory, end]);
}

/** As `bytes`, without a second copy of large parts. */
export function joinAll(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
