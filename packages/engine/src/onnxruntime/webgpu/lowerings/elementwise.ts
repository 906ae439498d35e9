import { type Lowerings, lower, lowerPortably, ONNX_TYPE } from '@nats/export';
import { equalOp, powerOp, reluGradOp, sameShape, selectOp, signOp } from '@nats/graph';

export const elementwiseLowerings: Lowerings = [
  // Exact, where Sign would be computed on the CPU.
  lower(reluGradOp, ({ builder, inputs: [g, y], outputs }) => {
    const open = builder.node('Greater', [y, builder.float(0)]);
    builder.node('Where', [open, g, builder.float(0)], {}, outputs);
  }),

  // 0, minus zero and NaN stay what they are.
  lower(signOp, ({ builder, inputs: [x], outputs, node }) => {
    const { dtype } = node.outputs[0]!;
    const number = (value: number) =>
      dtype === 'float32'
        ? builder.float(value)
        : builder.constant({ dtype: 'int32', shape: [], data: Int32Array.of(value) });
    const below = builder.node('Where', [builder.node('Less', [x, number(0)]), number(-1), x]);
    builder.node('Where', [builder.node('Greater', [x, number(0)]), number(1), below], {}, outputs);
  }),

  // Pow only broadcasts one of its operands, and only along leading axes.
  lower(powerOp, (context) => {
    const { builder, inputs, outputs, shapes, node } = context;
    const target = node.outputs[0]!.shape;
    const even = inputs.map((x, i) => {
      if (sameShape(shapes[i]!, target) || shapes[i]!.length === 0) return x;
      return builder.node('Expand', [x, builder.int64(target.map((size) => (size === 'N' ? 1 : size)))]);
    });
    builder.node('Pow', even, {}, outputs);
  }),

  // Where has no bool kernel, and its uint8 one is on the CPU: said in And, Or and Not.
  lower(selectOp, (context) => {
    const { builder, inputs, outputs, node } = context;
    const [condition, a, b] = inputs;
    if (node.outputs[0]!.dtype !== 'bool') {
      lowerPortably(context);
      return;
    }
    const yes = builder.node('And', [condition, a]);
    const no = builder.node('And', [builder.node('Not', [condition]), b]);
    builder.node('Or', [yes, no], {}, outputs);
  }),

  // Equal of bool is on the CPU.
  lower(equalOp, (context) => {
    const { builder, inputs, outputs, node } = context;
    const whole = (x: string) => builder.node('Cast', [x], { to: ONNX_TYPE.int32 });
    const values = node.inputs[0]!.dtype === 'bool' ? inputs.map(whole) : inputs;
    builder.node('Equal', values, {}, outputs);
  }),
];
