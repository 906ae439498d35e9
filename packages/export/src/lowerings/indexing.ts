import { argMaxOp, gatherOp, takeAlongAxisOp, topKOp } from '@nats/graph';
import { TensorProto_DataType } from 'onnx-buf';
import { type Lowerings, lower } from '../lowering.js';

export const indexingLowerings: Lowerings = [
  lower(gatherOp, ({ builder, inputs, outputs, attributes: { axis } }) => {
    builder.node('Gather', inputs, { axis }, outputs);
  }),
  lower(takeAlongAxisOp, ({ builder, inputs, outputs, attributes: { axis } }) => {
    builder.node('GatherElements', inputs, { axis }, outputs);
  }),
  lower(argMaxOp, ({ builder, inputs, outputs, attributes: { axis } }) => {
    const position = builder.node('ArgMax', inputs, { axis, keepdims: 0, select_last_index: 0 });
    builder.node('Cast', [position], { to: TensorProto_DataType.INT32 }, outputs);
  }),
  lower(topKOp, ({ builder, inputs, outputs: [values, indices], attributes: { k } }) => {
    const wide = builder.fresh('topKIndices');
    builder.node('TopK', [inputs[0], builder.int64([k])], { axis: -1, largest: 1, sorted: 1 }, [values, wide]);
    builder.node('Cast', [wide], { to: TensorProto_DataType.INT32 }, [indices]);
  }),
];
