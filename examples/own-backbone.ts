// A backbone of one's own: a small VGG whose 3x3 convolutions are searchable. It gets a scheme, a detector, and a file.
// npx tsx --conditions=@nats/source examples/own-backbone.ts [out.onnx]
import { writeFile } from 'node:fs/promises';
import { buildDetector, demoDetectorConfig, encodeDetector } from '@nats/detect';
import { batchNorm, convolution, createProgram, createScope, initialize, input, relu } from '@nats/graph';
import { randomScheme } from '@nats/search';
import {
  customBackbone,
  inputStatistics,
  layoutPass,
  programCosts,
  type StagePlan,
  schemeBuilder,
  searchable,
  searchSpace,
} from '@nats/space';

/** A stage halves the map with its first convolution; `searchable` is what makes a convolution one that can be chosen. */
function stage(index: number, channels: number): StagePlan {
  return {
    stride: 2 ** (index + 1),
    build: (scope, x, context) => {
      let h = x;
      for (const blockIndex of [0, 1]) {
        const place = scope.child(`stage${index}`).child(blockIndex);
        const block = { ...context, block: 'custom', blockIndex } as const;
        h = searchable(place.child('conv'), h, { channels, stride: blockIndex === 0 ? 2 : 1 }, block);
        h = relu(batchNorm(place.child('bn'), h));
      }
      return h;
    },
  };
}

export const backbone = customBackbone({
  name: 'small-vgg',
  stem: (scope, x) =>
    relu(convolution(scope.child('stem'), x, { channels: 16, kernel: 3, stride: 2, padding: 1, bias: true })),
  stages: [stage(1, 32), stage(2, 64), stage(3, 96)],
});

// What can be chosen: C2, C3 and C4 have two convolutions each, in at most eight channel groups.
const space = searchSpace(backbone, {
  genotypes: [
    [1, 1],
    [2, 2],
  ],
});
// A quarter of the channels of every convolution sees twice as far (a search would say which: `createSearch`).
const histogram = new Map(space.sites.map(({ name, channels }) => [name, [channels - (channels >> 2), channels >> 2]]));
const tool = { name: 'own-backbone', version: '1' };
export const scheme = randomScheme(space, histogram, 1, { tool });

const config = demoDetectorConfig({
  backbone,
  inputSize: [128, 128],
  classes: 2,
  pyramid: { channels: 32, extra: 'none' },
});
const scope = createScope();
const images = input('images', 'float32', ['N', 3, ...config.inputSize]);
const candidates = buildDetector(config).candidates(scope, images, { convolution: schemeBuilder(scheme) });
const program = layoutPass(createProgram({ outputs: { ...candidates } }));
export const costs = programCosts(program, scope.spec);
console.log(
  `${space.sites.length} convolutions, ${costs.parameters} parameters, ${(costs.macs / 1e6).toFixed(0)} million multiply-adds`,
);

export const file = encodeDetector(program, {
  values: initialize(scope.spec, 1),
  classes: ['cat', 'dog'],
  statistics: inputStatistics(backbone),
  tool: 'own-backbone 1',
});
const [, script = '', out] = process.argv;
if (out !== undefined && script.endsWith('own-backbone.ts')) await writeFile(out, file);
