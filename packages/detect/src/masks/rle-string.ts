import { check } from '@nats/graph';

/** Longer numbers than this many characters do not fit in 32 bits. */
const LONGEST = 7;

/**
 * Runs compressed to a text as COCO's files have them (rleToString in maskApi.c): from the fourth on, a run is written as
 * the difference to the one two before; each number in groups of 5 bits, lowest first, one character each from '0' on, with
 * bit 5 saying that more follow.
 */
export function encodeRle(runs: ArrayLike<number>): string {
  const codes: number[] = [];
  for (let i = 0; i < runs.length; i++) {
    let rest = i > 2 ? runs[i]! - runs[i - 2]! : runs[i]!;
    for (let more = true; more; ) {
      const low = ((rest % 32) + 32) % 32;
      rest = Math.floor(rest / 32);
      // The highest bit of the last group is the sign.
      more = low >= 16 ? rest !== -1 : rest !== 0;
      codes.push(48 + low + (more ? 32 : 0));
    }
  }
  let text = '';
  for (let i = 0; i < codes.length; i += 4096) text += String.fromCharCode(...codes.slice(i, i + 4096));
  return text;
}

/**
 * The runs in a text of `encodeRle`.
 * @param where names the text in messages
 * @throws NatsError `malformed` if it is not such a text
 */
export function decodeRle(text: string, where = ''): Uint32Array {
  const runs: number[] = [];
  for (let p = 0; p < text.length; ) {
    let value = 0;
    let more = true;
    for (let k = 0; more; k++, p++) {
      const code = text.charCodeAt(p) - 48;
      check(code >= 0 && code < 64 && k < LONGEST, 'malformed', () => ({
        rule: "a mask's compressed counts are groups of characters from '0' to 'o' that end",
        received: p < text.length ? `${JSON.stringify(text[p])} at ${p}` : 'an end within a group',
        where,
      }));
      value += (code & 31) * 32 ** k;
      more = (code & 32) !== 0;
      if (!more && (code & 16) !== 0) value -= 32 ** (k + 1);
    }
    if (runs.length > 2) value += runs.at(-2)!;
    check(value >= 0 && value < 2 ** 32, 'malformed', () => ({
      rule: 'a run of a mask has at least 0 pixels',
      received: `${value} as run ${runs.length}`,
      where,
    }));
    runs.push(value);
  }
  return Uint32Array.from(runs);
}
