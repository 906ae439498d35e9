import type { MapRule } from './rules.js';

/** The longest stage of the RegNets that torchvision and timm have (regnety_016) has 17 blocks. */
const MOST_BLOCKS = 32;

/** `s2.b1.` counts stages and blocks from 1; torchvision has `trunk_output.block2.block2-0.`. */
const BLOCKS: readonly MapRule[] = [
  { match: /^s([1-4])\.b(\d+)\./, replace: 'trunk_output.block$1.block$1-#$2.' },
  ...Array.from({ length: MOST_BLOCKS }, (_, block) => ({
    match: new RegExp(`^(trunk_output\\.block\\d\\.block\\d-)#${block + 1}\\.`),
    replace: `$1${block}.`,
  })),
];

const HEAD: MapRule = { match: /^head\.fc\./, replace: 'fc.' };

const STEM: readonly MapRule[] = [
  { match: /^stem\.conv\./, replace: 'stem.0.' },
  { match: /^stem\.bn\./, replace: 'stem.1.' },
];

/** timm's RegNets (`regnetx_004`, `regnety_016`, …): every convolution with its norm beside it. */
export const TIMM_REGNET: readonly MapRule[] = [
  ...STEM,
  HEAD,
  ...BLOCKS,
  ...(['a', 'b', 'c'] as const).flatMap((letter, i): MapRule[] => [
    { match: new RegExp(`\\.conv${i + 1}\\.conv\\.`), replace: `.f.${letter}.0.` },
    { match: new RegExp(`\\.conv${i + 1}\\.bn\\.`), replace: `.f.${letter}.1.` },
  ]),
  { match: /\.downsample\.conv\./, replace: '.proj.0.' },
  { match: /\.downsample\.bn\./, replace: '.proj.1.' },
  { match: /(-\d+)\.se\./, replace: '$1.f.se.' },
];

/** pycls, where RegNets are from. */
export const PYCLS_REGNET: readonly MapRule[] = [
  ...STEM,
  HEAD,
  ...BLOCKS,
  { match: /(-\d+)\.proj\./, replace: '$1.proj.0.' },
  { match: /(-\d+)\.bn\./, replace: '$1.proj.1.' },
  { match: /\.f\.([abc])\./, replace: '.f.$1.0.' },
  { match: /\.f\.([abc])_bn\./, replace: '.f.$1.1.' },
  { match: /\.f\.se\.f_ex\.0\./, replace: '.f.se.fc1.' },
  { match: /\.f\.se\.f_ex\.2\./, replace: '.f.se.fc2.' },
];
