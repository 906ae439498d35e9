import { batchNormGradOp, batchNormTrainingOp, type Shape } from '@nats/graph';
import { type Lowerings, lower } from '../lowering.js';
import type { OnnxBuilder } from '../onnx-builder.js';

const size = (shape: Shape) => (shape as number[]).reduce((product, dimension) => product * dimension, 1);

/** Sums `[N, C, H, W]` to `[1, C, 1, 1]`, in two stages: see reduceSum. */
function overChannels(builder: OnnxBuilder, x: string): string {
  const planes = builder.node('ReduceSum', [x, builder.int64([2, 3])], { keepdims: 1 });
  return builder.node('ReduceSum', [planes, builder.int64([0])], { keepdims: 1 });
}

const vector = (builder: OnnxBuilder, x: string, outputs?: readonly string[]) =>
  builder.node('Reshape', [x, builder.int64([-1])], {}, outputs);
const planes = (builder: OnnxBuilder, x: string) => builder.node('Reshape', [x, builder.int64([1, -1, 1, 1])]);

/** sqrt(variance + epsilon). */
const deviation = (builder: OnnxBuilder, variance: string, epsilon: number) =>
  builder.node('Sqrt', [builder.node('Add', [variance, builder.float(epsilon)])]);

/** Composed of reductions: runtimes disagree about BatchNormalization's training mode. */
export const batchNormLowerings: Lowerings = [
  lower(batchNormTrainingOp, ({ builder, inputs, outputs, shapes, attributes: { epsilon } }) => {
    const [x, weight, bias] = inputs;
    const share = builder.float(size(shapes[1]) / size(shapes[0]));
    const mean = builder.node('Mul', [overChannels(builder, x), share]);
    const centered = builder.node('Sub', [x, mean]);
    const squares = builder.node('Mul', [centered, centered]);
    const variance = builder.node('Mul', [overChannels(builder, squares), share]);
    const scale = builder.node('Div', [planes(builder, weight), deviation(builder, variance, epsilon)]);
    const scaled = builder.node('Mul', [centered, scale]);
    builder.node('Add', [scaled, planes(builder, bias)], {}, [outputs[0]]);
    vector(builder, mean, [outputs[1]]);
    vector(builder, variance, [outputs[2]]);
  }),
  lower(batchNormGradOp, ({ builder, inputs, outputs, shapes, attributes: { epsilon } }) => {
    const [g, x, weight, mean, variance] = inputs;
    const share = builder.float(size(shapes[2]) / size(shapes[1]));
    const spread = deviation(builder, planes(builder, variance), epsilon);
    const centered = builder.node('Sub', [x, planes(builder, mean)]);
    const normalized = builder.node('Div', [centered, spread]);
    const dBias = overChannels(builder, g);
    const dWeight = overChannels(builder, builder.node('Mul', [g, normalized]));
    const part = builder.node('Mul', [normalized, builder.node('Mul', [dWeight, share])]);
    const shared = builder.node('Add', [part, builder.node('Mul', [dBias, share])]);
    const scale = builder.node('Div', [planes(builder, weight), spread]);
    builder.node('Mul', [builder.node('Sub', [g, shared]), scale], {}, [outputs[0]]);
    vector(builder, dWeight, [outputs[1]]);
    vector(builder, dBias, [outputs[2]]);
  }),
];
