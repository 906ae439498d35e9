import type { MapRule } from './rules.js';

/** Blocks of each row of table 2 of the MobileNetV2 paper, which timm counts by row and torchvision throughout. */
const ROWS = [1, 2, 3, 4, 3, 3, 1] as const;

/** timm's MobileNetV2 (`mobilenetv2_100`, …). */
export const TIMM_MOBILENET_V2: readonly MapRule[] = [
  { match: /^conv_stem\./, replace: 'features.0.0.' },
  { match: /^bn1\./, replace: 'features.0.1.' },
  { match: /^conv_head\./, replace: 'features.18.0.' },
  { match: /^bn2\./, replace: 'features.18.1.' },
  { match: /^classifier\.(weight|bias)$/, replace: 'classifier.1.$1' },
  ...blocks(),
  // The first block has no convolution that widens.
  ...layers('1', ['conv_dw', 'bn1', 'conv_pw', 'bn2'], ['0.0', '0.1', '1', '2']),
  ...layers('\\d+', ['conv_pw', 'bn1', 'conv_dw', 'bn2', 'conv_pwl', 'bn3'], ['0.0', '0.1', '1.0', '1.1', '2', '3']),
];

function blocks(): MapRule[] {
  let index = 1;
  return ROWS.flatMap((count, row) =>
    Array.from({ length: count }, (_, block) => ({
      match: new RegExp(`^blocks\\.${row}\\.${block}\\.`),
      replace: `features.${index++}.conv.`,
    })),
  );
}

function layers(block: string, names: readonly string[], places: readonly string[]): MapRule[] {
  return names.map((name, i) => ({
    match: new RegExp(`^features\\.(${block})\\.conv\\.${name}\\.`),
    replace: `features.$1.conv.${places[i]}.`,
  }));
}
