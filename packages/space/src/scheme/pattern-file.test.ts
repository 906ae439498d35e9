import { hash32, NatsError } from '@nats/graph';
import { describe, expect, test } from 'vitest';
import { PROVENANCE } from '../../test/arbitraries.js';
import { convolutionSites, resnetConfig, smallResnet } from '../backbones/index.js';
import { compareSchemes } from './compare.js';
import { schemeFromPatterns, schemeToPatterns } from './pattern-file.js';
import { createScheme, runsOf } from './scheme.js';

/** A file of the shape of the published ones: all pairs up to `max`, hashed counts, zeros present. */
function patternFile(channels: readonly number[], max: number): string {
  const keys = Array.from({ length: max * max }, (_, i) => `(${Math.floor(i / max)}, ${i % max})`);
  const entries = channels.map((total, row) => {
    let left = total;
    return Object.fromEntries(
      keys.map((key, i) => {
        const count = i === keys.length - 1 ? left : Math.min(left, hash32(row, i) % Math.ceil(total / 6));
        left -= count;
        return [key, count];
      }),
    );
  });
  return JSON.stringify(entries);
}

describe.each([
  ['resnet50', 16, 4],
  ['resnet101', 33, 6],
] as const)('pattern files of %s', (name, convolutions, max) => {
  const sites = convolutionSites(resnetConfig(name)).filter(({ position }) => position === 'center');
  const text = patternFile(
    sites.map(({ channels }) => channels),
    max,
  );
  const from = { backbone: name, sites, provenance: PROVENANCE };

  test('import, export and compare equal', () => {
    expect(sites).toHaveLength(convolutions);
    const scheme = schemeFromPatterns(text, from);
    expect(scheme.genotypes).toHaveLength(max * max);
    expect(scheme.genotypes[max]).toEqual([2, 1]);
    const exported = schemeToPatterns(scheme, sites);
    expect(exported.permutations.size).toBe(0);
    expect(JSON.parse(exported.text)).toEqual(JSON.parse(text));
    // Key order is part of the format, and toEqual does not look at it.
    const keys = (file: string) => (JSON.parse(file) as object[]).map((entry) => Object.keys(entry));
    expect(keys(exported.text)).toEqual(keys(text));
    expect(compareSchemes(scheme, schemeFromPatterns(exported.text, from)).equal).toBe(true);
  });

  test('counts are contiguous runs in key order', () => {
    const counts = (JSON.parse(text) as Record<string, number>[])[1]!;
    const runs = runsOf(schemeFromPatterns(text, from).convolutions.get(sites[1]!.name)!).map(([, count]) => count);
    expect(runs).toEqual(Object.values(counts).filter((count) => count > 0));
  });
});

describe('what the format cannot hold', () => {
  const config = smallResnet({ widths: [4] });
  const sites = convolutionSites(config);
  const scheme = (choice: number[]) =>
    createScheme({
      backbone: config.name,
      genotypes: [
        [1, 1],
        [2, 2],
      ],
      convolutions: [['layer1.0.conv1', choice]],
      provenance: PROVENANCE,
    });

  test('an interleaved scheme is refused, or sorted with its permutation', () => {
    expect(() => schemeToPatterns(scheme([0, 1, 0, 1]), sites)).toThrow(NatsError);
    const { text, permutations } = schemeToPatterns(scheme([1, 0, 1, 0]), sites, 'permute');
    expect(JSON.parse(text)).toEqual([
      { '(0, 0)': 2, '(1, 1)': 2 },
      { '(0, 0)': 4, '(1, 1)': 0 },
    ]);
    expect([...permutations]).toEqual([['layer1.0.conv1', Int32Array.of(1, 3, 0, 2)]]);
  });

  test('contiguous runs in another order are written in theirs', () => {
    const { text, permutations } = schemeToPatterns(scheme([1, 1, 0, 0]), sites);
    expect(text).toBe('[{"(1, 1)": 2, "(0, 0)": 2},\n {"(0, 0)": 4, "(1, 1)": 0}]\n');
    expect(permutations.size).toBe(0);
    const back = schemeFromPatterns(text, { backbone: config.name, sites, provenance: PROVENANCE });
    expect(compareSchemes(scheme([1, 1, 0, 0]), back).equal).toBe(true);
  });

  test('a chosen convolution that would be lost is an error', () => {
    expect(() => schemeToPatterns(scheme([0, 0, 0, 0]), sites.slice(1))).toThrow('layer1.0.conv1');
  });

  test.each([
    ['{}', 'no list'],
    [
      '[{"(0, 0)": 4}]',
      'received 1 entries, but a pattern file is a list with one entry for each convolution; 2 for small-resnet',
    ],
    ['[{"(0, 0)": 4}, 3]', 'p.json, [1] (layer1.0.conv2)'],
    ['[{"(0, 0)": 4}, {"(0, 0)": 3}]', /received 3.*counts sum to the channels.*4/],
    ['[{"(0, 0)": 4}, {"(0, 0)": 5, "(1, 1)": -1}]', '[1] (layer1.0.conv2).(0, 0)'],
    ['[{"(0, 0)": 4}, {"(0, 64)": 4}]', "'(0, 64)'"],
    ['[{"(0, 0)": 4}, {"0, 1": 4}]', "'0, 1'"],
    ['[{"(0, 0)": 4}, {"(0, 0)": "4"}]', '"4"'],
    ['[', 'JSON'],
  ])('%s is refused', (text, message) => {
    const read = () =>
      schemeFromPatterns(text, { backbone: config.name, sites, provenance: PROVENANCE, file: 'p.json' });
    expect(read).toThrow(NatsError);
    expect(read).toThrow(message);
  });
});
