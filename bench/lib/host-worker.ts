import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxruntimeProviders } from '@nats/engine';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import * as g from '@nats/graph';
import { buildClassifier, resnetConfig } from '@nats/space';
import { readRuns } from './profile.js';
import { trainingFeeds, trainingStep } from './training-step.js';

/**
 * What a training step costs beside the device: `ENGINE BATCH SIZE WARM STEPS`. Prints one JSON line. As its own process,
 * because a driver may end it, and so that the main thread's time is the engine's.
 */
const [name = 'onnxruntime:webgpu', ...numbers] = process.argv.slice(2);
const [batch = 1, size = 64, warm = 5, steps = 20] = numbers.map(Number);
const shape = [batch, 3, size, size] as const;

const { spec, program } = trainingStep(shape, (scope, x) => buildClassifier(scope, x, resnetConfig('resnet18'), {}));
const feeds = trainingFeeds(shape, 1000, 0.01);
const providers = (await onnxruntimeProviders(name))!;

const host: number[] = [];
const wall: number[] = [];
{
  const engine = onnxruntimeEngine({ providers });
  const executable = await engine.compile(program);
  const state = await engine.createState(spec, g.initialize(spec, 1));
  for (let i = 0; i < warm + steps; i++) {
    const [start, busy] = [performance.now(), await mainThreadTime()];
    await executable.run(state, feeds);
    if (i < warm) continue;
    wall.push(performance.now() - start);
    host.push((await mainThreadTime()) - busy);
  }
  await engine.dispose();
}

const prefix = join(tmpdir(), `nats-host-${process.pid}`);
const profiled = onnxruntimeEngine({ providers, profile: prefix });
const executable = await profiled.compile(program);
const state = await profiled.createState(spec, g.initialize(spec, 1));
for (let i = 0; i < 3; i++) await executable.run(state, feeds);
await profiled.dispose();
const bytesOf = (values: Iterable<{ readonly data: { readonly byteLength: number } }>) =>
  [...values].reduce((sum, { data }) => sum + data.byteLength, 0);
const { nodes, copies } = (await readRuns(prefix)).at(-1)!;
const outputs = [...program.outputs.values()].reduce((sum, { shape }) => sum + 4 * g.sizeOf(shape as number[]), 0);
process.stdout.write(
  `${JSON.stringify({ host, wall, nodes: nodes.length, onCpu: nodes.filter(({ provider }) => provider.startsWith('CPU')).length, bytes: { feeds: bytesOf(Object.values(feeds)), outputs, copies } })}\n`,
);
process.exit(0);

/** Milliseconds that the main thread has computed: onnxruntime's own part, and what the driver does when it is called. Linux alone. */
async function mainThreadTime(): Promise<number> {
  const text = await readFile(`/proc/self/task/${process.pid}/schedstat`, 'utf8');
  return Number(text.split(' ')[0]) / 1e6;
}
