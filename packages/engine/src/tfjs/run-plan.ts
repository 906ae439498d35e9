import {
  allocate,
  type DType,
  matMulOp,
  NatsError,
  type Node,
  nmsOp,
  padOp,
  pyramidRoiAlignGradOp,
  pyramidRoiAlignOp,
  reduceSumOp,
  roiAlignGradOp,
  roiAlignOp,
  type Shape,
  sizeOf,
  type TensorData,
  takeAlongAxisOp,
} from '@nats/graph';
import { kernels } from './kernels/index.js';
import { type KernelContext, type Run, tfDtype, transpose } from './kernels/kernel.js';
import type { Tfjs, TfTensor } from './module.js';
import { toPhysical } from './permutation.js';
import type { ComputeInstruction, Plan } from './plan.js';
import { download, upload } from './tensors.js';

/** Ops that are computed by their reference evaluation on the host: rare, small, and without a trustworthy kernel. */
const HOST = new Set(
  [nmsOp, pyramidRoiAlignOp, pyramidRoiAlignGradOp, roiAlignOp, roiAlignGradOp, takeAlongAxisOp].map(
    ({ name }) => name,
  ),
);

/** @throws NatsError `unsupported` for an op without a kernel */
export function checkKernels(plan: Plan): void {
  for (const instruction of plan.instructions) {
    if (instruction.kind === 'convert') continue;
    const { op, scope } = instruction.node;
    if (HOST.has(op.name) || kernels.has(op.name)) continue;
    throw new NatsError('unsupported', {
      rule: 'every op of a program has a kernel of TensorFlow.js',
      received: op.name,
      where: scope,
    });
  }
}

/** What is in each slot during a run. */
export type Slots = (TfTensor | undefined)[];

/**
 * Executes a plan's instructions one after the other on slots that hold its sources; tensors are disposed of after
 * their last use. If a kernel fails, what is in the slots is the caller's to dispose of.
 */
export async function runPlan(tf: Tfjs, plan: Plan, slots: Slots, batch: number): Promise<void> {
  const run = runner(tf);
  for (const instruction of plan.instructions) {
    if (instruction.kind === 'convert') {
      const x = slots[instruction.from]!;
      slots[instruction.to] = tf.tidy(() => own(run, transpose(run, x, instruction.permutation), [x]));
    } else {
      const results = HOST.has(instruction.node.op.name)
        ? await onHost(tf, instruction, slots)
        : tf.tidy(() => onDevice(tf, run, instruction, slots, batch));
      for (const [i, { slot }] of instruction.outputs.entries()) slots[slot] = results[i]!;
    }
    for (const slot of instruction.free) {
      slots[slot]!.dispose();
      slots[slot] = undefined;
    }
  }
}

const runner =
  (tf: Tfjs): Run =>
  (name, inputs, attributes = {}) =>
    tf.engine().runKernel(name, inputs as Readonly<Record<string, TfTensor>>, attributes) as TfTensor;

/** A tensor apart from those given: they are disposed of independently. */
function own(run: Run, result: TfTensor, given: readonly TfTensor[]): TfTensor {
  return given.includes(result) ? run('Identity', { x: result }) : result;
}

const known = (shape: Shape, batch: number) => shape.map((dimension) => (dimension === 'N' ? batch : dimension));

function onDevice(tf: Tfjs, run: Run, { node, inputs, outputs }: ComputeInstruction, slots: Slots, batch: number) {
  const shapes = node.outputs.map((output) => known(output.shape, batch));
  const physical = (i: number) => toPhysical(outputs[i]!.order, shapes[i]!);
  const filled = (i: number, value: number) => {
    const dtype = tfDtype(node.outputs[i]!.dtype);
    return tf.tensor(allocate(dtype, sizeOf(shapes[i]!)).fill(value), physical(i), dtype);
  };
  const given = inputs.map(({ slot }) => slots[slot]!);
  if (shapes.every((shape) => shape.includes(0))) return shapes.map((_, i) => filled(i, 0));
  // Nothing is summed, multiplied or surrounded: kernels are not made for it.
  const empty = given.some(({ shape }) => shape.includes(0));
  if (empty && node.op.name === padOp.name) return [filled(0, (node.attributes as { value: number }).value)];
  if (empty && [reduceSumOp.name, matMulOp.name].includes(node.op.name)) return [filled(0, 0)];
  const context: KernelContext = {
    run,
    runAll: (name, tensors, attributes) => run(name, tensors, attributes) as unknown as TfTensor[],
    node,
    attributes: node.attributes,
    inputs: inputs.map(({ order }, i) => ({ tensor: given[i]!, order })),
    order: outputs[0]!.order,
    shape: shapes[0]!,
  };
  return [kernels.get(node.op.name)!.compute(context)].flat().map((result) => own(run, result, given));
}

async function onHost(tf: Tfjs, { node, inputs }: ComputeInstruction, slots: Slots): Promise<TfTensor[]> {
  const values: TensorData[] = [];
  for (const [i, { slot }] of inputs.entries())
    values.push(await download(slots[slot]!, node.inputs[i]!.dtype as DType));
  return evaluate(node, values).map((value) => upload(tf, value));
}

function evaluate(node: Node, values: readonly TensorData[]): readonly TensorData[] {
  return node.op.evaluate(values, node.attributes);
}
