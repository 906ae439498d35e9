import * as g from '@nats/graph';
import { hashed } from '@nats/graph/testing';

const SHAPE = [2, 3, 9, 8] as const;
const CLASSES = 4;

export interface TinyTraining {
  readonly program: g.Program;
  readonly spec: g.StateSpec;
  /** Pixels and labels of a step. */
  feeds(step: number): g.Feeds;
}

/**
 * A step of SGD with momentum on a small network with all that is hard: a stride, a pooling, a dilated and a grouped
 * convolution, a residual connection and batch norms.
 */
export function tinyTraining(): TinyTraining {
  const scope = g.createScope({ normalization: 'batch' });
  const x = g.input('x', 'float32', SHAPE);
  const labels = g.input('labels', 'int32', [SHAPE[0]]);
  const unit = (name: string, map: g.Tensor, options: Parameters<typeof g.convolution>[2]) =>
    g.batchNorm(scope.child(`${name}.norm`), g.convolution(scope.child(name), map, options));
  const stem = g.relu(unit('stem', x, { channels: 8, kernel: 3, stride: 2, padding: 1 }));
  const pooled = g.maxPool2d(stem, { kernel: 3, stride: 1, padding: 1 });
  const dilated = g.relu(unit('dilated', pooled, { channels: 8, kernel: 3, padding: 2, dilation: 2 }));
  const grouped = unit('grouped', dilated, { channels: 8, kernel: 3, padding: 1, groups: 2 });
  const features = g.globalAveragePool(g.relu(g.add(grouped, pooled)));
  const loss = g.crossEntropy(g.linear(scope.child('head'), g.flatten(features), CLASSES), labels);
  const parameters = [...scope.spec.values()].filter(({ kind }) => kind === 'parameter');
  const weights = parameters.map(({ name }) => scope.variable(name)!);
  for (const [i, gradient] of g.gradients(loss, weights).entries()) {
    const slot = scope.slot(`${parameters[i]!.name}/momentum`, parameters[i]!.shape, g.zeros);
    const velocity = g.add(g.multiply(slot, 0.9), gradient);
    scope.update(slot, velocity);
    scope.update(weights[i]!, g.subtract(weights[i]!, g.multiply(velocity, 0.01)));
  }
  return {
    program: g.createProgram({ outputs: { loss }, updates: scope.updates }),
    spec: scope.spec,
    feeds: (step) => ({
      x: hashed(SHAPE, step % 4),
      labels: g.tensorData('int32', [SHAPE[0]], [step % CLASSES, (step + 1) % CLASSES]),
    }),
  };
}

/** The losses of some steps from the same start. */
export async function losses(engine: g.Engine, steps: number): Promise<number[]> {
  const { program, spec, feeds } = tinyTraining();
  const executable = await engine.compile(program);
  const state = await engine.createState(spec, g.initialize(spec, 1));
  const result: number[] = [];
  for (let i = 0; i < steps; i++) result.push((await executable.run(state, feeds(i))).loss!.data[0]!);
  return result;
}
