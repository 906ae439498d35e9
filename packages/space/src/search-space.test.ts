import { NatsError } from '@nats/graph';
import { describe, expect, test } from 'vitest';
import {
  type BackboneConfig,
  demoResnet,
  mobilenetV2Config,
  regnetConfig,
  resnetConfig,
  smallResnet,
} from './backbones/index.js';
import {
  anisotropicGenotypes,
  checkGenotypes,
  formatGenotype,
  isotropicGenotypes,
  parseGenotype,
} from './genotypes.js';
import { searchSpace } from './search-space.js';

describe('genotypes', () => {
  test('lists', () => {
    expect(isotropicGenotypes(2)).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(anisotropicGenotypes(3)).toHaveLength(9);
    expect(anisotropicGenotypes(3)[5]).toEqual([2, 3]);
    expect(parseGenotype(formatGenotype([1, 12]))).toEqual([1, 12]);
    expect(parseGenotype('3')).toEqual([3, 3]);
  });

  test('bad ones are refused', () => {
    expect(() => parseGenotype('1x')).toThrow("'1x'");
    expect(() => parseGenotype('0')).toThrow('1 to 64');
    expect(() => checkGenotypes([])).toThrow('at least one');
    expect(() => checkGenotypes([[1, 1.5]])).toThrow('[1,1.5]');
    expect(() =>
      checkGenotypes([
        [2, 1],
        [2, 1],
      ]),
    ).toThrow('2x1 twice');
  });
});

describe('search space', () => {
  test('every 3x3 convolution by default, and its size', () => {
    const space = searchSpace(resnetConfig('resnet50'));
    expect(space.sites).toHaveLength(16);
    expect(space.genotypes).toHaveLength(9);
    expect(space.log10Size).toBeCloseTo(16 * 8 * Math.log10(9), 10);
  });

  test('stages, positions and strides restrict it', () => {
    const names = (sites: Parameters<typeof searchSpace>[1]) =>
      searchSpace(demoResnet(), sites).sites.map(({ name }) => name);
    expect(names({ sites: { stages: ['C4'] } })).toEqual(['layer3.0.conv1', 'layer3.0.conv2']);
    expect(names({ sites: { positions: ['first'] } })).toEqual(['layer1.0.conv1', 'layer2.0.conv1', 'layer3.0.conv1']);
    expect(names({ sites: { strided: false, positions: ['first'] } })).toEqual(['layer3.0.conv1']);
    expect(() => names({ sites: { stages: ['C5'] } })).toThrow(NatsError);
  });

  test('a grouped convolution is divided in whole groups', () => {
    const config = resnetConfig('resnext50_32x4d');
    const site = searchSpace(config, { division: { groups: 16 } }).sites[15]!;
    expect([site.channels, site.unit, site.channelGroups]).toEqual([1024, 32, 16]);
    expect(searchSpace(config, { division: { channelsPerGroup: 64 } }).sites.map((s) => s.channelGroups)).toEqual([
      2, 2, 2, 4, 4, 4, 4, 8, 8, 8, 8, 8, 8, 16, 16, 16,
    ]);
    expect(() => searchSpace(config, { division: { channelsPerGroup: 16 } })).toThrow(
      /^layer4.0.conv2: .*the 32 channels of a convolution's group stay together/,
    );
  });

  test('by default there are at most eight groups, as many as divide the whole units', () => {
    const groups = (config: BackboneConfig) => searchSpace(config).sites.map(({ channelGroups }) => channelGroups);
    expect(new Set(groups(resnetConfig('resnext101_32x8d')))).toEqual(new Set([8]));
    expect(new Set(groups(mobilenetV2Config()))).toEqual(new Set([8]));
    // Widths 48, 104, 208 and 440 in units of 8 channels: 6, 13, 26 and 55 units.
    expect([...new Set(groups(regnetConfig('regnet_y_400mf')))]).toEqual([6, 1, 2, 5]);
    expect(() => searchSpace(demoResnet(), { division: { maxGroups: 0 } })).toThrow('0 groups');
  });

  test('an uneven division names what is possible', () => {
    const config = smallResnet({ widths: [15] });
    expect(searchSpace(config, { division: { groups: 5 } }).sites[0]!.channelGroups).toBe(5);
    expect(() => searchSpace(config, { division: { groups: 8 } })).toThrow(
      '1, 3, 5, 15 groups (15, 5, 3, 1 channels per group)',
    );
    expect(() => searchSpace(config, { division: { groups: 0 } })).toThrow('0 groups');
  });
});
