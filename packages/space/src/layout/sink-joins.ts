import {
  applyAll,
  concat,
  concatOp,
  conv2dOp,
  copyNode,
  mapEnds,
  type Node,
  type Program,
  type Tensor,
  withScopePath,
} from '@nats/graph';
import { invert, isIdentity, selectChannels } from '../apply/select-channels.js';
import { channelwiseMaps, isDenseConvolution, pickedChannels, pickParameters } from './channel-ops.js';

/** A feature map that is not joined yet: its parts, and which channel of the map stands at each place of their concat. */
interface Apart {
  readonly parts: readonly Tensor[];
  readonly channels: Int32Array;
  /** Of the node that it stands for. */
  readonly scope: string;
  /** Made once, when a node needs it. */
  joined?: Tensor;
  ordered?: Tensor;
}

/**
 * Moves the concat of convolutions, and the gather that restores the order of its channels, down through what treats
 * channels apart (batch norm, activations), so that these can be folded into each convolution. A convolution that
 * follows takes the parts in the order in which they are, with its weight's input channels permuted alike: the gather
 * is gone. Everything else gets the map joined and in order.
 */
export function sinkJoins(program: Program): Program {
  const rebuilt = new Map<Tensor, Tensor>();
  const apart = new Map<Tensor, Apart>();
  const whole = (x: Tensor): Tensor => {
    const map = apart.get(x);
    return map ? ordered(map) : rebuilt.get(x)!;
  };
  for (const node of program.nodes) {
    const [output] = node.outputs as [Tensor];
    const map = withScopePath(node.scope, () => kept(node, apart, whole));
    if (map) {
      apart.set(output, map);
      continue;
    }
    const outputs = absorbed(node, apart, whole) ?? copyNode(node, node.inputs.map(whole));
    for (const [i, tensor] of node.outputs.entries()) rebuilt.set(tensor, outputs[i]!);
  }
  return mapEnds(program, whole);
}

/** The node's result as parts, if its inputs are parts and it treats channels apart, or if it joins convolutions. */
function kept(node: Node, apart: ReadonlyMap<Tensor, Apart>, whole: (x: Tensor) => Tensor): Apart | undefined {
  if (node.op === concatOp) return startOf(node, whole);
  const [output] = node.outputs as [Tensor];
  const picked = node.outputs.length === 1 ? pickedChannels(output) : undefined;
  const [source] = node.inputs;
  if (picked) {
    const map = apart.get(source!);
    const reorders = map && picked.length === map.channels.length && new Set(picked).size === picked.length;
    return reorders ? { parts: map.parts, channels: reordered(map.channels, picked), scope: node.scope } : undefined;
  }
  const maps = channelwiseMaps(node);
  if (!maps || maps.length === 0) return undefined;
  const sources = maps.map((i) => apart.get(node.inputs[i]!));
  const [first] = sources;
  if (!first || !sources.every((map) => map && sameLayout(map, first))) return undefined;
  let start = 0;
  const parts = first.parts.map((part, p) => {
    const channels = first.channels.subarray(start, start + (part.shape[1] as number));
    start += channels.length;
    const inputs = node.inputs.map((x, i) =>
      maps.includes(i) ? apart.get(x)!.parts[p]! : pickParameters(whole(x), channels),
    );
    return applyAll(node.op, inputs, node.attributes)[0]!;
  });
  return { parts, channels: first.channels, scope: node.scope };
}

/** A concat of nothing but convolutions along the channels: what a scheme builds. */
function startOf(node: Node, whole: (x: Tensor) => Tensor): Apart | undefined {
  const { axis } = node.attributes as { axis: number };
  if (axis !== 1 || !node.inputs.every((x) => x.node.op === conv2dOp)) return undefined;
  const total = node.outputs[0]!.shape[1] as number;
  const channels = Int32Array.from({ length: total }, (_, i) => i);
  return { parts: node.inputs.map(whole), channels, scope: node.scope };
}

/** New channel c is old channel `picked[c]`: at a place with old channel o now stands the c with `picked[c] = o`. */
function reordered(channels: Int32Array, picked: Int32Array): Int32Array {
  const inverse = invert(picked);
  return channels.map((channel) => inverse[channel]!);
}

function sameLayout(a: Apart, b: Apart): boolean {
  const sizes = (map: Apart) => map.parts.map((part) => part.shape[1]).join();
  return a === b || (sizes(a) === sizes(b) && a.channels.join() === b.channels.join());
}

/** A convolution over all channels does not mind their order, if its weight's input channels follow. */
function absorbed(
  node: Node,
  apart: ReadonlyMap<Tensor, Apart>,
  whole: (x: Tensor) => Tensor,
): readonly Tensor[] | undefined {
  const [x, weight, ...bias] = node.inputs;
  const map = x && apart.get(x);
  if (!map || !isDenseConvolution(node) || apart.has(weight!)) return undefined;
  return withScopePath(node.scope, () => {
    const moved = isIdentity(map.channels) ? whole(weight!) : selectChannels(whole(weight!), 1, map.channels);
    return applyAll(node.op, [joined(map), moved, ...bias.map(whole)], node.attributes);
  });
}

function joined(map: Apart): Tensor {
  map.joined ??= withScopePath(map.scope, () => concat(map.parts, 1));
  return map.joined;
}

function ordered(map: Apart): Tensor {
  map.ordered ??= withScopePath(map.scope, () =>
    isIdentity(map.channels) ? joined(map) : selectChannels(joined(map), 1, invert(map.channels)),
  );
  return map.ordered;
}
