import { type ContextOf, type Lowerings, lower } from '@nats/export';
import { maxPoolGradOp, sizeOf } from '@nats/graph';

/**
 * MaxPool names the position of each window's first maximum; ScatterElements adds the gradients there. Windows overlap,
 * so positions repeat: onnxruntime's CPU ScatterElements adds in order, on one thread (ScatterND would race).
 */
function lowerMaxPoolGrad({ builder, inputs, outputs, shapes, attributes }: ContextOf<typeof maxPoolGradOp>): void {
  const [g, x] = inputs;
  const [from, to] = shapes as readonly (readonly number[])[] as [readonly number[], readonly number[]];
  const { kernel, stride, padding } = attributes;
  const positions = builder.fresh('maxPoolPositions');
  builder.node('MaxPool', [x], { kernel_shape: kernel, strides: stride, pads: padding }, [
    builder.fresh('maxPoolAgain'),
    positions,
  ]);
  const flat = (name: string, size: number) => builder.node('Reshape', [name, builder.int64([size])]);
  const zeros = builder.node('ConstantOfShape', [builder.int64([sizeOf(to)])]);
  const sum = builder.node('ScatterElements', [zeros, flat(positions, sizeOf(from)), flat(g, sizeOf(from))], {
    axis: 0,
    reduction: 'add',
  });
  builder.node('Reshape', [sum, builder.int64(to)], {}, outputs);
}

export const maxPoolLowerings: Lowerings = [lower(maxPoolGradOp, lowerMaxPoolGrad)];
