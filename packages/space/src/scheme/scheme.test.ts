import { NatsError } from '@nats/graph';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { configsWithSchemes, PROVENANCE } from '../../test/arbitraries.js';
import { uniformScheme } from '../../test/uniform-scheme.js';
import { convolutionSites, resnetConfig, smallResnet } from '../backbones/index.js';
import { compareSchemes } from './compare.js';
import { schemeFromJson, schemeToJson } from './json.js';
import { checkSchemeFits, createScheme, type Scheme } from './scheme.js';
import { schemeRows, summarizeScheme } from './summary.js';

const byHand = (convolutions: [string, number[]][]) =>
  createScheme({
    backbone: 'small',
    genotypes: [
      [1, 1],
      [1, 2],
      [3, 3],
    ],
    convolutions,
    provenance: PROVENANCE,
  });

describe('scheme files', () => {
  test('round trips, for random schemes of random networks', () => {
    fc.assert(
      fc.property(configsWithSchemes, ({ config, scheme }) => {
        checkSchemeFits(scheme, config);
        const text = schemeToJson(scheme);
        const read = schemeFromJson(text);
        expect(read).toEqual(scheme);
        expect(schemeToJson(read)).toBe(text);
        expect(compareSchemes(scheme, read).equal).toBe(true);
      }),
    );
  });

  test('provenance is kept', () => {
    const provenance = {
      tool: { name: 'nats', version: '1.2.3' },
      method: 'search, argmax',
      seed: 7,
      config: { genotypes: 3, nested: { list: [1, 'two', null] } },
      dataset: { name: 'digits', fingerprint: 'abc' },
      created: '2026-11-24T12:00:00Z',
      note: 'größer',
    };
    const scheme = createScheme({ backbone: 'b', genotypes: [[1, 1]], convolutions: [], provenance });
    expect(schemeFromJson(schemeToJson(scheme)).provenance).toEqual(provenance);
  });

  test('a file is readable: runs, one convolution on a line', () => {
    expect(schemeToJson(byHand([['layer1.0.conv1', [0, 0, 2, 0]]]))).toBe(`{
  "format": "nats-scheme",
  "version": 1,
  "backbone": "small",
  "provenance": {"tool":{"name":"test","version":"0"}},
  "genotypes": [[1,1],[1,2],[3,3]],
  "convolutions": [
    {"name":"layer1.0.conv1","runs":[[0,2],[2,1],[0,1]]}
  ]
}
`);
  });

  const valid = () => JSON.parse(schemeToJson(byHand([['a', [0, 1]]]))) as Record<string, unknown>;
  test.each<[string, (file: Record<string, unknown>) => unknown, string | RegExp]>([
    ['another format', (file) => ({ ...file, format: 'x' }), /received 'x'.*'nats-scheme'/],
    ['a newer version', (file) => ({ ...file, version: 2 }), 'a newer version'],
    ['a missing field', ({ backbone: _, ...file }) => file, 's.json, backbone'],
    ['an unknown field', (file) => ({ ...file, genotype: 1 }), "'genotype'"],
    ['no genotypes', (file) => ({ ...file, genotypes: [] }), 's.json'],
    ['a fractional dilation', (file) => ({ ...file, genotypes: [[1, 1.5]] }), 'genotypes[0]'],
    [
      'a huge dilation',
      (file) => ({
        ...file,
        genotypes: [
          [1, 1],
          [65, 1],
        ],
      }),
      '1 to 64',
    ],
    ['too many genotypes', (file) => ({ ...file, genotypes: new Array(257).fill([1, 1]) }), 'plausible length'],
    ['an unknown genotype', (file) => ({ ...file, convolutions: [{ name: 'a', runs: [[3, 1]] }] }), 'runs[0]'],
    ['an empty run', (file) => ({ ...file, convolutions: [{ name: 'a', runs: [[0, 0]] }] }), 'runs[0]'],
    ['no channels', (file) => ({ ...file, convolutions: [{ name: 'a', runs: [] }] }), 'at least one channel'],
    [
      'absurd channels',
      (file) => ({
        ...file,
        convolutions: [
          {
            name: 'a',
            runs: [
              [0, 1e6],
              [1, 1e6],
            ],
          },
        ],
      }),
      'plausible number of channels',
    ],
    [
      'a convolution twice',
      (file) => ({ ...file, convolutions: [1, 2].map(() => ({ name: 'a', runs: [[0, 1]] })) }),
      "'a'",
    ],
    ['a list', () => [], 'an object'],
    ['null provenance', (file) => ({ ...file, provenance: null }), 'provenance'],
  ])('%s is refused with its place', (_name, change, message) => {
    const text = JSON.stringify(change(valid()));
    expect(() => schemeFromJson(text, 's.json')).toThrow(NatsError);
    expect(() => schemeFromJson(text, 's.json')).toThrow(message);
  });

  test('no JSON, cut JSON and huge files are refused', () => {
    const text = schemeToJson(byHand([['a', [0, 1]]]));
    for (let length = 0; length < text.trimEnd().length; length++) {
      expect(() => schemeFromJson(text.slice(0, length))).toThrow(NatsError);
    }
    expect(() => schemeFromJson(' '.repeat(16_000_001))).toThrow('plausible size');
  });
});

describe('a scheme and a network', () => {
  const config = smallResnet({ widths: [4] });
  test('fit by name and channels', () => {
    checkSchemeFits(byHand([['layer1.0.conv1', [0, 1, 2, 0]]]), config);
    expect(() => checkSchemeFits(byHand([['layer1.0.conv3', [0]]]), config)).toThrow(
      /conv3' of a scheme for small.*conv1/,
    );
    expect(() => checkSchemeFits(byHand([['layer1.0.conv1', [0]]]), config)).toThrow(/layer1\.0\.conv1.*received 1.*4/);
  });

  test('groups of a grouped convolution are not parted', () => {
    const grouped = smallResnet({ widths: [4], groups: 2 });
    checkSchemeFits(byHand([['layer1.0.conv1', [0, 0, 2, 2]]]), grouped);
    expect(() => checkSchemeFits(byHand([['layer1.0.conv1', [0, 0, 2, 1]]]), grouped)).toThrow('runs of 2 channels');
  });
});

describe('comparison', () => {
  test('is by genotype, not by position in a list; unnamed is plain', () => {
    const a = byHand([['a', [0, 0, 2]]]);
    const reordered: Scheme = createScheme({
      ...a,
      genotypes: [
        [3, 3],
        [1, 1],
      ],
      convolutions: [
        ['a', [1, 1, 0]],
        ['b', [1]],
      ],
    });
    expect(compareSchemes(a, reordered)).toEqual({
      equal: true,
      sameCounts: true,
      differences: [],
      changedChannels: 0,
    });
  });

  test('tells moved channels from other counts', () => {
    const moved = compareSchemes(byHand([['a', [0, 0, 2]]]), byHand([['a', [2, 0, 0]]]));
    expect([moved.equal, moved.sameCounts, moved.changedChannels]).toEqual([false, true, 2]);
    const other = compareSchemes(byHand([['a', [0, 0, 2]]]), byHand([]));
    expect(other.sameCounts).toBe(false);
    expect(other.differences).toEqual([
      { name: 'a', channels: 3, changed: 1, before: { '1x1': 2, '3x3': 1 }, after: { '1x1': 3 } },
    ]);
  });
});

test('a summary for people', () => {
  const scheme = byHand([
    ['layer1.0.conv1', [0, 2, 0, 2]],
    ['layer2.0.conv1', [1, 1]],
  ]);
  const backbone = smallResnet({ widths: [4, 2] });
  expect(summarizeScheme(scheme, backbone).split('\n')).toEqual([
    'Scheme for small (test 0)',
    '',
    'convolution     channels       1x1        1x2       3x3  mean dilation',
    'layer1.0.conv1         4  2 (50 %)          ·  2 (50 %)           2.00',
    'layer2.0.conv1         2         ·  2 (100 %)         ·    1.00 x 2.00',
    '',
    'C2                     4  2 (50 %)          ·  2 (50 %)           2.00',
    'C3                     2         ·  2 (100 %)         ·    1.00 x 2.00',
    'all                    6  2 (33 %)   2 (33 %)  2 (33 %)    1.67 x 2.00',
    '',
  ]);
  expect(schemeRows(scheme).stages).toEqual([]);
  expect(schemeRows(scheme).sites[0]).toEqual({
    name: 'layer1.0.conv1',
    channels: 4,
    counts: [2, 0, 2],
    runs: 4,
    meanDilation: [2, 2],
  });
});

test('a uniform scheme', () => {
  const config = resnetConfig('resnet18');
  const scheme = uniformScheme(config, [2, 2], PROVENANCE);
  checkSchemeFits(scheme, config);
  const { all, stages } = schemeRows(scheme);
  expect(all.meanDilation).toEqual([2, 2]);
  expect(stages.map(({ name, channels }) => [name, channels])).toEqual([
    ['C2', 256],
    ['C3', 512],
    ['C4', 1024],
    ['C5', 2048],
  ]);
  expect([...scheme.convolutions.keys()]).toEqual(convolutionSites(config).map(({ name }) => name));
  expect(compareSchemes(uniformScheme(config, [1, 1], PROVENANCE), byHand([])).equal).toBe(true);
});
