import {
  add,
  constant,
  type DType,
  hashNormal,
  hashUniform,
  multiply,
  reduceSum,
  type Scope,
  square,
  subtract,
  type TensorData,
  tensorData,
} from '@nats/graph';
import type { LossTensors } from '../../src/objective.js';

const SHAPES = { weight: [2, 3], scale: [2] } as const;

function numbers(make: (index: number) => number): Record<keyof typeof SHAPES, TensorData> {
  let start = 0;
  const values = (shape: readonly number[]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const data = Float32Array.from({ length: size }, (_, i) => make(start + i));
    start += size;
    return tensorData('float32' satisfies DType, shape, data);
  };
  return { weight: values(SHAPES.weight), scale: values(SHAPES.scale) };
}

/** The loss of tools/golden/optimizers.py: sum(a (w - c)^2) / 2 over parameters `weight` [2, 3] and `scale` [2]. */
export function quadraticLoss(scope: Scope): LossTensors {
  const start = numbers((i) => hashNormal(1, i));
  const curvature = numbers((i) => 0.5 + hashUniform(2, i));
  const goal = numbers((i) => hashNormal(3, i));
  const parts = (['weight', 'scale'] as const).map((name) => {
    const w = scope.parameter(name, SHAPES[name], { kind: 'values', values: start[name] });
    const distance = square(subtract(w, constant(goal[name])));
    return multiply(reduceSum(multiply(distance, constant(curvature[name]))), 0.5);
  });
  return { loss: add(parts[0]!, parts[1]!) };
}
