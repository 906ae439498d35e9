import fc from 'fast-check';
import {
  type BackboneConfig,
  convolutionSites,
  type MobilenetV2Config,
  type RegnetConfig,
  type ResnetConfig,
  smallResnet,
} from '../src/backbones/index.js';
import { anisotropicGenotypes, type Genotype } from '../src/genotypes.js';
import { createScheme, type Provenance, type Scheme } from '../src/scheme/index.js';
import { channelUnit } from '../src/search-space.js';

export const PROVENANCE: Provenance = { tool: { name: 'test', version: '0' } };

/** Genotypes in any order, with or without the plain one. */
const genotypeLists: fc.Arbitrary<Genotype[]> = fc
  .shuffledSubarray(anisotropicGenotypes(3), { minLength: 1, maxLength: 5 })
  .map((genotypes) => genotypes.map(([dh, dw]): Genotype => [dh, dw]));

/** Small ResNets with both blocks, both shortcuts, strides, groups, dilation in place of strides, and odd channel counts. */
const resnets: fc.Arbitrary<ResnetConfig> = fc
  .record({
    block: fc.constantFrom('basic', 'bottleneck'),
    widths: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 2 }),
    groups: fc.constantFrom(1, 1, 2, 3),
    blocks: fc.integer({ min: 1, max: 2 }),
    strides: fc.constantFrom([1, 2], [2, 1]),
    stem: fc.integer({ min: 1, max: 4 }),
    shortcut: fc.constantFrom('projection', 'padding'),
    strideIn: fc.constantFrom('3x3', '1x1'),
    dilated: fc.boolean(),
  })
  .map(({ block, widths, groups, blocks, strides, stem, shortcut, strideIn, dilated }) => {
    const config = smallResnet({
      name: 'random',
      block,
      groups,
      // A basic block's groups divide its channels and, so that every convolution is grouped alike, the stem's.
      widths: block === 'basic' ? widths.map((width) => width * groups) : widths,
      widthPerGroup: 64,
      blocks,
      strides: strides.slice(0, widths.length),
      stem: { channels: stem * (block === 'basic' ? groups : 1), stride: 1 },
      inputChannels: 2,
      // Padding puts channels around: it cannot take any away.
      shortcut: shortcut === 'padding' && shrinks(block, widths, stem) ? 'projection' : shortcut,
      strideIn,
    });
    if (!dilated) return config;
    return { ...config, stages: config.stages.map((stage, i) => ({ ...stage, dilation: i + 1, firstDilation: 1 })) };
  });

function shrinks(block: string, widths: readonly number[], stem: number): boolean {
  const expansion = block === 'basic' ? 1 : 4;
  const channels = [stem, ...widths.map((width) => width * expansion)];
  return channels.some((count, i) => i > 0 && count < channels[i - 1]!);
}

/** RegNets X and Y, of one or two stages, with and without a projection. */
const regnets: fc.Arbitrary<RegnetConfig> = fc
  .record({
    groupWidth: fc.integer({ min: 1, max: 3 }),
    units: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 2 }),
    blocks: fc.integer({ min: 1, max: 2 }),
    stride: fc.constantFrom(1, 2),
    squeezeRatio: fc.constantFrom(undefined, 0.5),
  })
  .map(({ groupWidth, units, blocks, stride, squeezeRatio }) => ({
    kind: 'regnet',
    name: 'random',
    inputChannels: 2,
    stemChannels: 2,
    stages: units.map((count) => ({ blocks, channels: count * groupWidth, groupWidth, stride })),
    ...(squeezeRatio && { squeezeRatio }),
    norm: { kind: 'batch' },
  }));

/** MobileNetV2s of one or two stages, with and without expansion and residual connection. */
const mobilenets: fc.Arbitrary<MobilenetV2Config> = fc
  .record({
    rows: fc.array(
      fc.record({
        expansion: fc.integer({ min: 1, max: 2 }),
        channels: fc.integer({ min: 1, max: 4 }),
        blocks: fc.integer({ min: 1, max: 2 }),
        stride: fc.constantFrom(1, 2),
      }),
      { minLength: 1, maxLength: 2 },
    ),
  })
  .map(({ rows }) => ({
    kind: 'mobilenet-v2',
    name: 'random',
    inputChannels: 2,
    stemChannels: 3,
    stages: rows.map((row) => [row]),
    classifierChannels: 4,
    norm: { kind: 'batch' },
  }));

/** Small networks of every family. */
const configs: fc.Arbitrary<BackboneConfig> = fc.oneof({ arbitrary: resnets, weight: 2 }, regnets, mobilenets);

/** Any genotype for any unit of any convolution; some convolutions stay unnamed. */
function schemesFor(config: BackboneConfig): fc.Arbitrary<Scheme> {
  return genotypeLists.chain((genotypes) => {
    const index = fc.integer({ min: 0, max: genotypes.length - 1 });
    const convolutions = convolutionSites(config).map((site) => {
      const unit = channelUnit(site);
      const units = fc.array(index, { minLength: site.channels / unit, maxLength: site.channels / unit });
      const choice = fc
        .oneof(
          units,
          units.map((list) => list.sort()),
          index.map((g) => new Array<number>(site.channels / unit).fill(g)),
        )
        .map((list): [string, number[]] => [site.name, list.flatMap((g) => new Array<number>(unit).fill(g))]);
      return fc.option(choice, { nil: undefined, freq: 5 });
    });
    return fc.tuple(...convolutions).map((list) =>
      createScheme({
        backbone: config.name,
        genotypes,
        convolutions: list.filter((entry) => entry !== undefined),
        provenance: PROVENANCE,
      }),
    );
  });
}

export const configsWithSchemes = configs.chain((config) => schemesFor(config).map((scheme) => ({ config, scheme })));
