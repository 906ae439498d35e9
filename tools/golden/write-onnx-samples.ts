// Writes ONNX files for tools/golden/onnx_check.py: every case of the conformance suite, networks in training and
// inference, and detectors with and without what surrounds them, in float32 and float16. Run: npx tsx --conditions=@nats/source tools/golden/write-onnx-samples.ts FOLDER
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeDetector } from '@nats/detect';
import { encodeProgram } from '@nats/export';
import * as g from '@nats/graph';
import { caseProgram, conformanceCases } from '@nats/graph/testing';
import {
  CLASSES,
  CONFIGS,
  candidatesProgram,
  livelyValues,
  STATISTICS,
} from '../../packages/detect/test/model-files.js';

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: write-onnx-samples.ts FOLDER');
mkdirSync(folder, { recursive: true });

function write(name: string, program: g.Program, values?: ReadonlyMap<string, g.TensorData>): void {
  writeBytes(name, encodeProgram(program, { name, metadata: { sample: name }, ...(values && { values }) }));
}

function writeBytes(name: string, bytes: Uint8Array): void {
  writeFileSync(join(folder!, `${name.replace(/[^\w]+/g, '-')}.onnx`), bytes);
}

/** A residual network of two blocks, with what detectors add: a pyramid level, region features and suppression. */
function network(scope: g.Scope, image: g.Tensor): { logits: g.Tensor; map: g.Tensor } {
  const unit = (place: g.Scope, x: g.Tensor, options: g.ConvolutionLayerOptions) =>
    g.relu(g.batchNorm(place.child('bn'), g.convolution(place.child('conv'), x, options)));
  const stem = unit(scope.child('stem'), image, { channels: 8, kernel: 7, stride: 2, padding: 3 });
  let map = g.maxPool2d(stem, { kernel: 3, stride: 2, padding: 1 });
  for (const [i, dilation] of [1, 2].entries()) {
    const block = scope.child('layer').child(i);
    const first = unit(block.child(1), map, { channels: 8, padding: dilation, dilation });
    map = g.relu(g.add(map, unit(block.child(2), first, { channels: 8, padding: 1, groups: 2 })));
  }
  return { map, logits: g.linear(scope.child('fc'), g.flatten(g.globalAveragePool(map)), 5) };
}

function training(): void {
  const scope = g.createScope({ normalization: 'batch' });
  const { logits } = network(scope, g.input('image', 'float32', [2, 3, 33, 40]));
  const loss = g.crossEntropy(logits, g.input('label', 'int32', [2]));
  const parameters = [...scope.spec.values()].filter(({ kind }) => kind === 'parameter');
  const tensors = parameters.map(({ name }) => scope.variable(name)!);
  const updates = new Map(scope.updates);
  for (const [i, gradient] of g.gradients(loss, tensors).entries()) {
    updates.set(parameters[i]!.name, g.subtract(tensors[i]!, g.multiply(gradient, 0.1)));
  }
  write('network training', g.createProgram({ outputs: { loss, logits }, updates }));
}

function inference(): void {
  const scope = g.createScope();
  const { map, logits } = network(scope, g.input('image', 'float32', ['N', 3, 33, 40]));
  const boxes = g.input('boxes', 'float32', ['N', 6, 4]);
  const regions = g.roiAlign(map, boxes, { outputSize: 3, spatialScale: 0.25, samplingRatio: 2 });
  const scores = g.sigmoid(g.reshape(g.linear(scope.child('score'), g.reshape(regions, ['N', 6, 72]), 1), ['N', 6]));
  const kept = g.nms(boxes, scores, { iouThreshold: 0.5, maxOutput: 4 });
  const program = g.createProgram({ outputs: { logits, scores, ...kept } });
  const values = g.initialize(scope.spec, 1);
  write('network inference', program, values);
  const folded = g.foldBatchNorm(program, values);
  write('network inference folded', folded.program, folded.values);
  const precision = 'float16';
  writeBytes('network inference float16', encodeProgram(folded.program, { values: folded.values, precision }));
}

function detectors(): void {
  for (const [name, config] of Object.entries(CONFIGS)) {
    const options = { values: livelyValues(config), classes: CLASSES, statistics: STATISTICS, tool: 'samples' };
    for (const suppression of [false, true]) {
      for (const preprocessing of [undefined, 'NHWC', 'NCHW'] as const) {
        for (const batch of ['N', 2] as const) {
          const { program } = candidatesProgram(config, batch);
          for (const precision of ['float32', 'float16'] as const) {
            const own = { suppression, precision, ...(preprocessing && { preprocessing }) };
            const what = `${preprocessing ?? 'tensor'} ${suppression ? 'nms ' : ''}${batch} ${precision}`;
            writeBytes(`detector ${name} ${what}`, encodeDetector(program, { ...options, ...own }));
          }
        }
      }
    }
  }
}

for (const subject of conformanceCases()) write(subject.name, caseProgram(subject));
training();
inference();
detectors();
