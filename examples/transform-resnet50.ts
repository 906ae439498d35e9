// Transforms a pretrained ResNet-50 by a hand-designed dilation pattern, and exports it as ONNX. No engine is installed or used.
// npx tsx --conditions=@nats/source examples/transform-resnet50.ts [resnet50.pth] [out.onnx]
import { rename, writeFile } from 'node:fs/promises';
import { encodeProgram } from '@nats/export';
import { createProgram, createScope, foldBatchNorm, initialize, input } from '@nats/graph';
import {
  buildClassifier,
  checkSchemeFits,
  convolutionSites,
  createScheme,
  layoutPass,
  resnetConfig,
  schemeBuilder,
} from '@nats/space';
import { formatReport, mapWeights, readWeights } from '@nats/transfer';

const [file, out = 'resnet50-transformed.onnx'] = process.argv.slice(2);
const config = resnetConfig('resnet50');

// In the last two stages a quarter of each center convolution's channels looks twice as far, in both directions.
const scheme = createScheme({
  backbone: config.name,
  genotypes: [
    [1, 1],
    [2, 2],
  ],
  convolutions: convolutionSites(config)
    .filter(({ stage }) => stage === 'C4' || stage === 'C5')
    .map(
      ({ name, channels }) => [name, Int32Array.from({ length: channels }, (_, c) => (c % 4 === 3 ? 1 : 0))] as const,
    ),
  provenance: { tool: { name: 'example', version: '1' }, method: 'hand-designed' },
});
checkSchemeFits(scheme, config);

const scope = createScope();
const images = input('images', 'float32', ['N', 3, 224, 224]);
const logits = buildClassifier(scope, images, config, { convolution: schemeBuilder(scheme) });

// The names are torchvision's, and the scheme changes none: a pretrained file fits as it is. Without one: initial values.
let values = initialize(scope.spec, 1);
if (file !== undefined) {
  const { tensors, report } = mapWeights(await readWeights(file), scope.spec);
  console.log(formatReport(report));
  values = new Map(tensors);
}

// Channels are put in the order that costs least, and batch norms become part of the weights.
const folded = foldBatchNorm(layoutPass(createProgram({ outputs: { logits } })), values);
const bytes = encodeProgram(folded.program, { values: folded.values, name: 'resnet50-transformed' });
await writeFile(`${out}.part`, bytes);
await rename(`${out}.part`, out);
console.log(`${out}: ${(bytes.length / 1e6).toFixed(1)} MB, ${folded.program.nodes.length} nodes`);
