import * as g from '@nats/graph';

export interface TrainingStep {
  readonly spec: g.StateSpec;
  readonly program: g.Program;
}

/**
 * Forward, backward and the optimizer's update as one program with the inputs `x`, `labels` and `rate`: SGD with
 * momentum 0.9 and weight decay 1e-4, as torch.optim.SGD.
 */
export function trainingStep(
  shape: readonly [number, number, number, number],
  network: (scope: g.Scope, x: g.Tensor) => g.Tensor,
): TrainingStep {
  const scope = g.createScope({ normalization: 'batch' });
  const logits = network(scope, g.input('x', 'float32', shape));
  const loss = g.crossEntropy(logits, g.input('labels', 'int32', [shape[0]]));
  const rate = g.input('rate', 'float32', []);
  const parameters = [...scope.spec.values()].filter((variable) => variable.kind === 'parameter');
  const tensors = parameters.map((variable) => scope.variable(variable.name)!);
  for (const [i, gradient] of g.gradients(loss, tensors).entries()) {
    const weight = tensors[i]!;
    const slot = scope.slot(`${parameters[i]!.name}/momentum`, parameters[i]!.shape, g.zeros);
    const velocity = g.add(g.multiply(slot, 0.9), g.add(gradient, g.multiply(weight, 1e-4)));
    scope.update(slot, velocity);
    scope.update(weight, g.subtract(weight, g.multiply(velocity, rate)));
  }
  return { spec: scope.spec, program: g.createProgram({ outputs: { loss }, updates: scope.updates }) };
}

/** Feeds for `trainingStep`: hashed pixels and labels, so that PyTorch gets the same. */
export function trainingFeeds(
  shape: readonly [number, number, number, number],
  classes: number,
  rate: number,
): g.Feeds {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return {
    x: g.tensorData(
      'float32',
      shape,
      Float32Array.from({ length: size }, (_, i) => g.hashNormal(1, i)),
    ),
    labels: g.tensorData(
      'int32',
      [shape[0]],
      Int32Array.from({ length: shape[0] }, (_, i) => g.hash32(2, i) % classes),
    ),
    rate: g.tensorData('float32', [], [rate]),
  };
}
