// Searches dilations for a task of one's own, here the classification of MNIST's digits, with the packages only.
// npx tsx --conditions=@nats/source examples/search-classification.ts [steps]
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createSearch, decodeScheme, intensitiesBySite } from '@nats/search';
import { buildClassifier, formatGenotype, schemeToJson, searchSpace, smallResnet } from '@nats/space';
import { adamw, classification, constantRate, cosineDecay, divide, MNIST_STATISTICS, readMnist } from '@nats/train';

const steps = Number(process.argv[2] ?? 300);
const backbone = smallResnet({ inputChannels: 1, widths: [16, 32] });
const { train, test } = await readMnist();
// Weights and architecture are fitted on two disjoint halves of the training images.
const [weights, architecture] = divide(train, 0.5);
const objective = classification({
  network: (scope, x, options) => buildClassifier(scope, x, backbone, { ...options, classes: 10 }),
  datasets: { weights, architecture, test },
  statistics: MNIST_STATISTICS,
  batchSize: 64,
});

const space = searchSpace(backbone, {
  genotypes: [
    [1, 1],
    [2, 2],
    [3, 3],
  ],
  division: { groups: 4 },
});
console.log(`${space.sites.length} convolutions, 10^${space.log10Size.toFixed(1)} schemes`);

const engine = onnxruntimeEngine();
const search = await createSearch({
  engine,
  objective,
  space,
  steps,
  weights: { optimizer: adamw(), learningRate: cosineDecay({ rate: 2e-3, steps }) },
  architecture: { start: Math.floor(steps / 4), learningRate: constantRate(0.1) },
});
for await (const event of search.events()) {
  if (event.type !== 'step' || event.step % 50 !== 0) continue;
  console.log(`step ${event.step}: loss ${event.loss.toFixed(3)}, entropy ${event.metrics.entropy!.toFixed(3)}`);
}

const found = await search.architecture();
console.log(['convolution', ...space.genotypes.map(formatGenotype)].join('  '));
for (const [name, shares] of Object.entries(intensitiesBySite(found))) {
  console.log(name, shares.map((share) => share.toFixed(2)).join('  '));
}
const scheme = decodeScheme(found, { method: 'argmax' }, { tool: { name: 'example', version: '1' } });
console.log(schemeToJson(scheme));
await search.dispose();
await engine.dispose();
