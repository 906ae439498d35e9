import { deflateSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { bytes, u16, u32, u64 } from '../test/helpers/bytes.js';
import { malformedBy, refusal } from '../test/helpers/errors.js';
import { joinAll, makeZip } from '../test/helpers/zip.js';
import { crc32 } from './crc32.js';
import { openSource } from './source.js';
import { readZip } from './zip.js';

const hello = { name: 'folder/hello.txt', data: bytes('hello hello hello') };
const other = { name: 'other', data: bytes([1, 2, 3]) };

function contents(archive: Uint8Array): Record<string, string> {
  const zip = readZip(openSource(archive));
  return Object.fromEntries([...zip.entries.keys()].map((name) => [name, String.fromCharCode(...zip.content(name))]));
}

/** Replaces bytes at the first place where `marker` occurs, counted from its start. */
function patch(archive: Uint8Array, marker: Uint8Array, at: number, replacement: Uint8Array): Uint8Array {
  const start = Buffer.from(archive).indexOf(marker);
  expect(start).toBeGreaterThanOrEqual(0);
  const changed = archive.slice();
  changed.set(replacement, start + at);
  return changed;
}

const LOCAL = u32(0x04034b50);
const CENTRAL = u32(0x02014b50);
const END = u32(0x06054b50);

describe('reading', () => {
  it('checksums are those of the standard', () => {
    expect(crc32(bytes('123456789'))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
    expect(crc32(bytes('a'))).toBe(0xe8b7be43);
  });

  it('stored and deflated entries, a comment, zip64 sizes', () => {
    const want = { 'folder/hello.txt': 'hello hello hello', other: '\x01\x02\x03' };
    expect(contents(makeZip([hello, other]))).toEqual(want);
    expect(contents(makeZip([{ ...hello, deflate: true }, other]))).toEqual(want);
    const commented = patch(makeZip([hello, other]), END, 20, u16(3));
    expect(contents(bytes(commented, 'hey'))).toEqual(want);
    expect(contents(asZip64(hello))).toEqual({ 'folder/hello.txt': 'hello hello hello' });
  });

  it('an empty archive', () => {
    expect(contents(makeZip([]))).toEqual({});
  });
});

/** One entry whose sizes and place are in zip64 fields, as archives above 4 GiB have. */
function asZip64({ name, data }: { name: string; data: Uint8Array }): Uint8Array {
  const fields = bytes(u16(0), u16(0), u32(0), u32(crc32(data)), u32(0xffffffff), u32(0xffffffff), u16(name.length));
  const local = bytes(LOCAL, u16(45), fields, u16(0), name, data);
  const extra = bytes(u16(1), u16(24), u64(data.length), u64(data.length), u64(0));
  const central = bytes(
    CENTRAL,
    u16(45),
    u16(45),
    fields,
    u16(extra.length),
    u16(0),
    u16(0),
    u16(0),
    u32(0),
    u32(0xffffffff),
    name,
    extra,
  );
  const record = bytes(
    u32(0x06064b50),
    u64(44),
    u16(45),
    u16(45),
    u32(0),
    u32(0),
    u64(1),
    u64(1),
    u64(central.length),
    u64(local.length),
  );
  const locator = bytes(u32(0x07064b50), u32(0), u64(local.length + central.length), u32(1));
  const end = bytes(END, u16(0), u16(0), u16(0xffff), u16(0xffff), u32(0xffffffff), u32(0xffffffff), u16(0));
  return bytes(local, central, record, locator, end);
}

describe('hostile archives', () => {
  it('truncated anywhere', () => {
    for (const whole of [makeZip([hello, { ...other, deflate: true }]), asZip64(hello)]) {
      for (let length = 0; length < whole.length; length++) {
        malformedBy(() => contents(whole.subarray(0, length)), /directory/);
      }
    }
  });

  it('any byte changed gives contents or a typed error', () => {
    const whole = makeZip([{ ...hello, deflate: true }, other]);
    for (let at = 0; at < whole.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const changed = whole.slice();
        changed[at] = changed[at]! ^ flip;
        try {
          contents(changed);
        } catch (error) {
          expect(error).toHaveProperty('name', 'NatsError');
        }
      }
    }
  });

  it('a name twice', () => {
    malformedBy(() => contents(makeZip([other, other])), /"other" twice/);
  });

  it('bombs: by ratio, by lying about sizes, by overlap, by number', () => {
    const zeros = { name: 'zeros', data: new Uint8Array(10 * 2 ** 20), deflate: true };
    malformedBy(() => contents(makeZip([zeros])), /zip bomb.*maxDeflateRatio/);
    malformedBy(() => contents(makeZip([{ ...zeros, claim: { size: 1000 } }])), /inflates to the size/);
    malformedBy(() => contents(makeZip([{ ...hello, deflate: true, claim: { size: 18 } }])), /inflates to the size/);
    // Many entries of which each passes: the floor of 64 KiB times the entries.
    const zeroed = new Uint8Array(60_000);
    const claim = { method: 8, size: zeroed.length, crc: crc32(zeroed) };
    const small = { data: deflateSync(zeroed), claim };
    const many = makeZip(Array.from({ length: 400 }, (_, i) => ({ ...small, name: `x${i}` })));
    malformedBy(() => contents(many), /bounded memory/);
    const two = makeZip([hello, { ...hello, name: 'folder/other.txt' }]);
    const second = Buffer.from(two).lastIndexOf(CENTRAL);
    const overlapping = two.slice();
    overlapping.set(u32(0), second + 42);
    overlapping.set(overlapping.subarray(Buffer.from(two).indexOf(CENTRAL) + 46).subarray(0, 16), second + 46);
    malformedBy(() => contents(overlapping), /overlap|twice/);
  });

  it('entries that share their data', () => {
    // The second directory entry points to the first local header; both are named alike in local headers of their own.
    const inner = makeZip([{ name: 'b', data: bytes('x') }]);
    const localB = inner.subarray(0, 30 + 1 + 1);
    const a = makeZip([{ name: 'a', data: localB }]);
    const centralA = a.subarray(30 + 1 + localB.length, a.length - 22);
    const centralB = inner.subarray(32, inner.length - 22).slice();
    centralB.set(u32(31), 42);
    const directory = joinAll([centralA, centralB]);
    const offset = 31 + localB.length;
    const end = bytes(END, u16(0), u16(0), u16(2), u16(2), u32(directory.length), u32(offset), u16(0));
    malformedBy(() => contents(joinAll([a.subarray(0, offset), directory, end])), /do not overlap/);
  });

  it('places outside the file', () => {
    const whole = makeZip([hello]);
    malformedBy(() => contents(patch(whole, CENTRAL, 42, u32(0x7fffffff))), /inside the file/);
    malformedBy(() => contents(patch(whole, CENTRAL, 42, u32(5))), /begins with a local header/);
    malformedBy(() => contents(patch(whole, CENTRAL, 20, bytes(u32(1e6), u32(1e6)))), /inside the file/);
    malformedBy(() => contents(patch(whole, CENTRAL, 24, u32(5))), /has one size/);
    malformedBy(() => contents(patch(whole, END, 16, u32(0x7fffffff))), /before the end record/);
    malformedBy(() => contents(patch(whole, END, 10, u16(60_000))), /before the end record/);
    malformedBy(() => contents(patch(whole, END, 10, u16(2))), /before the end record|inside the directory/);
    malformedBy(() => contents(patch(whole, CENTRAL, 28, u16(60_000))), /inside the directory/);
    malformedBy(() => contents(patch(whole, CENTRAL, 24, u32(0xffffffff))), /zip64 field/);
  });

  it('headers that contradict each other', () => {
    const whole = makeZip([hello]);
    malformedBy(() => contents(patch(whole, bytes('folder/hello'), 0, bytes('F'))), /name the same entry/);
    const wrong = makeZip([{ ...hello, claim: { crc: 1 } }]);
    malformedBy(() => contents(wrong), /checksum/);
    expect(readZip(openSource(wrong, { checksums: false })).content(hello.name)).toEqual(hello.data);
    malformedBy(() => contents(patch(whole, END, 4, u16(1))), /an archive is one file/);
  });

  it('what is not read', () => {
    expect(refusal(() => contents(makeZip([{ ...hello, claim: { flags: 1 } }]))).message).toMatch(/encrypted/);
    expect(refusal(() => contents(makeZip([{ ...hello, claim: { method: 12 } }]))).code).toBe('unsupported');
    const broken = makeZip([{ name: 'x', data: bytes([0xff, 0xff, 0xff, 0xff]), claim: { method: 8, size: 4 } }]);
    malformedBy(() => contents(broken), /valid deflate data/);
  });
});
