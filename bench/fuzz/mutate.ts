import { hash32 } from '@nats/graph';

/** Numbers from 0 up to a limit that are functions of a seed. */
export interface Random {
  below(limit: number): number;
}

function randomOf(seed: number, input: number): Random {
  let k = 0;
  return { below: (limit) => (limit <= 1 ? 0 : hash32(seed ^ Math.imul(input, 0x9e3779b1), k++) % limit) };
}

const BYTES = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x22, 0x5c, 0x7b, 0x5b, 0x3c, 0x2e];
const WORDS = [
  'null',
  '-1',
  '0',
  '1e308',
  'NaN',
  '-Infinity',
  '9007199254740993',
  '""',
  '[]',
  '{}',
  'true',
  '"\\u0000"',
  '"../../x"',
  '"__proto__"',
  '[[[[[[1]]]]]]',
  '&a;',
  '<a>',
  '\n\n',
  '5e-324',
];

/**
 * A corpus entry with one to eight changes: bits, bytes, numbers at their limits, ranges that are removed, repeated, moved or
 * taken from another entry, words of text formats in place of others, and ends that are cut off.
 */
export function mutate(corpus: readonly Uint8Array[], seed: number, input: number): Uint8Array {
  const random = randomOf(seed, input);
  let bytes = Buffer.from(corpus[input % corpus.length]!);
  // Most inputs stay near to what is read: one change in texts of many parts is often the end already.
  const changes = 1 + random.below(random.below(3) === 0 ? 8 : 2);
  for (let i = 0; i < changes; i++) bytes = changed(bytes, corpus, random);
  return bytes;
}

function changed(bytes: Buffer<ArrayBuffer>, corpus: readonly Uint8Array[], random: Random): Buffer<ArrayBuffer> {
  if (bytes.length === 0) return Buffer.from([random.below(256)]);
  const at = random.below(bytes.length);
  const length = Math.min(bytes.length - at, 1 + random.below(random.below(4) === 0 ? 256 : 8));
  const replaced = (part: Uint8Array, from = at, until = at + length) =>
    Buffer.concat([bytes.subarray(0, from), part, bytes.subarray(until)]);
  switch (random.below(10)) {
    case 0:
      bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 1:
      bytes[at] = BYTES[random.below(BYTES.length)]!;
      return bytes;
    case 2: {
      const number = Buffer.alloc(8, [0, 0xff, 0x7f, 0x80][random.below(4)]!);
      return replaced(number.subarray(0, [1, 2, 4, 8][random.below(4)]), at, Math.min(bytes.length, at + 8));
    }
    case 3:
      return replaced(Buffer.alloc(0));
    case 4:
      return replaced(Buffer.from(bytes.subarray(at, at + length)), at, at);
    case 5: {
      const other = corpus[random.below(corpus.length)]!;
      const from = random.below(other.length);
      return replaced(other.subarray(from, from + length));
    }
    case 6:
      return random.below(4) === 0 ? bytes.subarray(0, at) : bytes;
    case 7:
      return replaced(Buffer.from(WORDS[random.below(WORDS.length)]!), at, at);
    case 8: {
      const [from, until] = wordAt(bytes, at);
      return replaced(Buffer.from(WORDS[random.below(WORDS.length)]!), from, until);
    }
    default: {
      const [from, until] = wordAt(bytes, at);
      const [otherFrom, otherUntil] = wordAt(bytes, random.below(bytes.length));
      return replaced(Buffer.from(bytes.subarray(otherFrom, otherUntil)), from, until);
    }
  }
}

/** The number, name or quoted text around a place. */
function wordAt(bytes: Uint8Array, at: number): [number, number] {
  const isWord = (byte: number) => (byte >= 48 && byte <= 57) || (byte | 32) > 96 || byte === 45 || byte === 46;
  let [from, until] = [at, at + 1];
  while (from > 0 && at - from < 64 && isWord(bytes[from - 1]!)) from--;
  while (until < bytes.length && until - at < 64 && isWord(bytes[until]!)) until++;
  const isQuoted = bytes[from - 1] === 34 && bytes[until] === 34;
  return isQuoted ? [from - 1, until + 1] : [from, until];
}
