import {
  BYTES_PER_ELEMENT,
  conv2dOp,
  matMulOp,
  type Node,
  type Program,
  type Shape,
  type StateSpec,
  sizeOf,
  type Tensor,
} from '@nats/graph';
import { type ReceptiveField, receptiveFieldOfNode } from './theoretical-receptive-field.js';

/** What one layer costs, for one image. A layer is a scope that declares parameters: `layer1.0.conv2`, `layer1.0.bn2`, `fc`. */
export interface LayerCost {
  readonly name: string;
  readonly kind: 'convolution' | 'linear' | 'other';
  readonly parameters: number;
  /** Multiply-adds of convolutions and matrix products, as torchvision counts them. */
  readonly macs: number;
  /** Of the layer's result, without the batch: `[C, H, W]`. */
  readonly output: readonly number[];
  /** Of the layer's result, in float32. */
  readonly activationBytes: number;
  /**
   * Side of the region of the input that one value of the result can depend on, `[vertical, horizontal]`: the largest over
   * channels, in pixels, cut by no border. Undefined after global pooling.
   */
  readonly receptiveField?: readonly [number, number];
}

/** Costs of a network for one image of a given size. */
export interface Costs {
  readonly layers: readonly LayerCost[];
  readonly parameters: number;
  readonly macs: number;
  /** Sum over layers: about what a training step keeps for its gradient, for one image. */
  readonly activationBytes: number;
  /** Largest sum of the maps that are needed at the same time in inference, if no op works in place. */
  readonly peakActivationBytes: number;
  readonly receptiveField: readonly [number, number];
}

/**
 * Counts what a program of one image costs (batch 1 or 'N'), by layer and in all.
 * @param spec the variables that the program was built with: they name the layers
 */
export function programCosts(program: Program, spec: StateSpec): Costs {
  const rows = new Map<string, { parameters: number; macs: number; output?: Tensor; kind: LayerCost['kind'] }>();
  for (const { name, kind, shape } of spec.values()) {
    if (kind !== 'parameter') continue;
    const layer = layerOf(name);
    const row = rows.get(layer) ?? { parameters: 0, macs: 0, kind: 'other' };
    row.parameters += sizeOf(shape);
    rows.set(layer, row);
  }
  const fields = new Map<Tensor, ReceptiveField>();
  for (const node of program.nodes) {
    const field = receptiveFieldOfNode(node, fields);
    for (const output of node.outputs) if (field) fields.set(output, field);
    const row = rows.get(node.scope);
    if (!row) continue;
    row.macs += macsOf(node);
    if (node.op === conv2dOp) row.kind = 'convolution';
    if (node.op === matMulOp) row.kind = 'linear';
    const [output] = node.outputs as [Tensor];
    if (fields.has(output) || (output.shape.length === 2 && node.inputs.length > 0)) row.output = output;
  }
  const layers = [...rows].map(([name, { parameters, macs, kind, output }]): LayerCost => {
    const field = output && fields.get(output);
    const shape = output ? perImage(output.shape) : [];
    const bytes = output ? 4 * sizeOf(shape) : 0;
    const cost = { name, kind, parameters, macs, output: shape, activationBytes: bytes };
    return field ? { ...cost, receptiveField: field.size } : cost;
  });
  const sum = (value: (layer: LayerCost) => number) => layers.reduce((total, layer) => total + value(layer), 0);
  const largest = (axis: 0 | 1) => Math.max(1, ...layers.map(({ receptiveField: f }) => (f ? f[axis] : 1)));
  return {
    layers,
    parameters: sum((layer) => layer.parameters),
    macs: sum((layer) => layer.macs),
    activationBytes: sum((layer) => layer.activationBytes),
    peakActivationBytes: peakBytes(program),
    receptiveField: [largest(0), largest(1)],
  };
}

function layerOf(variable: string): string {
  return variable.slice(0, Math.max(0, variable.lastIndexOf('.')));
}

function perImage(shape: Shape): number[] {
  return shape.slice(1) as number[];
}

function elements(shape: Shape): number {
  return sizeOf(shape.map((dimension) => (dimension === 'N' ? 1 : dimension)));
}

function macsOf(node: Node): number {
  const [output] = node.outputs as [Tensor];
  if (node.op === conv2dOp) {
    const [, inner, kh, kw] = node.inputs[1]!.shape as [number, number, number, number];
    return elements(output.shape) * inner * kh * kw;
  }
  if (node.op !== matMulOp) return 0;
  const { transposeA } = node.attributes as { transposeA: boolean };
  return elements(output.shape) * (node.inputs[0]!.shape.at(transposeA ? -2 : -1) as number);
}

/** Over the program's order: each result lives from its node to the last one that reads it. */
function peakBytes(program: Program): number {
  const moving = new Set<Tensor>(program.inputs.values());
  const lastUse = new Map<Tensor, number>();
  for (const [i, node] of program.nodes.entries()) {
    if (node.op.name === 'input') for (const output of node.outputs) moving.add(output);
    if (node.inputs.some((x) => moving.has(x))) for (const output of node.outputs) moving.add(output);
    for (const x of node.inputs) lastUse.set(x, i);
  }
  for (const output of program.outputs.values()) lastUse.set(output, program.nodes.length);
  const bytes = (x: Tensor) => elements(x.shape) * BYTES_PER_ELEMENT[x.dtype];
  let [live, peak] = [0, 0];
  const ending = new Map<number, Tensor[]>();
  for (const [x, at] of lastUse) if (moving.has(x)) ending.set(at, [...(ending.get(at) ?? []), x]);
  for (const [i, node] of program.nodes.entries()) {
    for (const output of node.outputs) if (moving.has(output) && lastUse.has(output)) live += bytes(output);
    peak = Math.max(peak, live);
    for (const x of ending.get(i) ?? []) live -= bytes(x);
  }
  return peak;
}
