import { createInterface } from 'node:readline';
import { createEngine } from '@nats/engine';
import * as g from '@nats/graph';
import { buildClassifier, type ConvolutionBuilder, plainConvolution, resnetConfig } from '@nats/space';
import { trainingFeeds, trainingStep } from './training-step.js';

/**
 * Our side of bench/engine.ts, as its own process so that its peak memory is its own. Answers one JSON line for each
 * line `step` or `memory`; the first line is about the start.
 */
const [threads = 2, dilation = 1, batch = 8, size = 128] = process.argv.slice(2, 6).map(Number);
const name = process.argv[6] ?? 'onnxruntime';
const shape = [batch, 3, size, size] as const;
const answer = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);

/** The 3x3 convolutions with stride 1 of layer2 to layer4 are dilated, as in pytorch_worker.py. */
const dilated: ConvolutionBuilder = (scope, x, options, site) =>
  site.stride === 1 && site.stage !== 'C2'
    ? plainConvolution(scope, x, { ...options, padding: dilation, dilation }, site)
    : plainConvolution(scope, x, options, site);

const start = performance.now();
const { spec, program } = trainingStep(shape, (scope, x) =>
  buildClassifier(scope, x, resnetConfig('resnet18'), { convolution: dilated }),
);
const built = performance.now();
const engine = await createEngine(name, { threads });
const executable = await engine.compile(program);
const compiled = performance.now();
const state = await engine.createState(spec, g.initialize(spec, 1));
const feeds = trainingFeeds(shape, 1000, 0.01);
answer({ nodes: program.nodes.length, graphMs: built - start, sessionMs: compiled - built });

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'step') {
    const [before, busy] = [performance.now(), process.cpuUsage()];
    const { loss } = await executable.run(state, feeds);
    const { user, system } = process.cpuUsage(busy);
    answer({ loss: loss!.data[0], ms: performance.now() - before, processor: (user + system) / 1000 });
  } else {
    answer({ bytes: process.resourceUsage().maxRSS * 1024 });
  }
}
