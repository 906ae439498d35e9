import {
  applyAll,
  copyNode,
  gatherOp,
  mapEnds,
  maxPool2dOp,
  type Node,
  type Program,
  type Tensor,
  withScopePath,
} from '@nats/graph';
import { invert, isIdentity, selectChannels } from '../apply/select-channels.js';
import { channelwiseMaps, isDenseConvolution, pickedChannels, pickParameters } from './channel-ops.js';
import { type Users, usersOf } from './users.js';

/** Feature maps whose channels lie in the same order, because they are added to each other: a residual stream. */
interface Stream {
  readonly maps: Tensor[];
  /** Gathers that bring a map into the stream's order. */
  readonly gathers: Node[];
  /** Whether something other than a convolution makes or reads a map, and minds the order. */
  isFixed: boolean;
}

/**
 * Gives residual streams the order in which a divided convolution leaves its channels, where only convolutions make and read
 * them: these follow by permuting weights, and the gather before the sum is gone. If several gathers of a stream differ, the
 * order that most of them have is taken. A gather costs more than its copy: onnxruntime keeps maps in blocks of channels, and
 * has to leave them for it.
 */
export function reorderStreams(program: Program): Program {
  const orders = ordersOf(program);
  if (orders.size === 0) return program;
  const rebuilt = new Map<Tensor, Tensor>();
  const rebuild = (x: Tensor) => rebuilt.get(x)!;
  for (const node of program.nodes) {
    const outputs = withScopePath(node.scope, () => inOrder(node, orders, rebuild));
    for (const [i, output] of node.outputs.entries()) rebuilt.set(output, outputs[i]!);
  }
  return mapEnds(program, rebuild);
}

/** The new order of each map that gets one: at place c lies the channel `order[c]` of before. */
function ordersOf(program: Program): Map<Tensor, Int32Array> {
  const orders = new Map<Tensor, Int32Array>();
  for (const { maps, gathers, isFixed } of streamsOf(program)) {
    if (isFixed || gathers.length === 0) continue;
    const order = invert(commonest(gathers.map((node) => pickedChannels(node.outputs[0]!)!)));
    for (const map of maps) orders.set(map, order);
  }
  return orders;
}

function commonest(picks: readonly Int32Array[]): Int32Array {
  const count = (picked: Int32Array) => picks.filter((other) => other.join() === picked.join()).length;
  return picks.reduce((best, picked) => (count(picked) > count(best) ? picked : best));
}

function streamsOf(program: Program): Set<Stream> {
  const users = usersOf(program);
  const streams = new Map<Tensor, Stream>();
  const streamOf = (x: Tensor): Stream => {
    const known = streams.get(x);
    if (known) return known;
    const stream = { maps: [x], gathers: [] as Node[], isFixed: users.isEnd(x) || !makesAnyOrder(x.node) };
    if (isPermutation(x.node)) stream.gathers.push(x.node);
    streams.set(x, stream);
    return stream;
  };
  for (const node of program.nodes) {
    const maps = channelwise(node);
    if (!maps || maps.length === 0) continue;
    const [output] = node.outputs as [Tensor];
    const own: Stream = { maps: [output], gathers: [], isFixed: users.isEnd(output) };
    streams.set(output, own);
    for (const i of maps) {
      const other = streamOf(node.inputs[i]!);
      const joined = streams.get(output)!;
      if (other === joined) continue;
      joined.maps.push(...other.maps);
      joined.gathers.push(...other.gathers);
      joined.isFixed ||= other.isFixed;
      for (const map of other.maps) streams.set(map, joined);
    }
  }
  const found = new Set(streams.values());
  for (const stream of found) stream.isFixed ||= !stream.maps.every((map) => isReadInAnyOrder(map, users));
  return found;
}

/** As `channelwiseMaps`, and the pooling behind a stem, which is no place to divide a map. */
function channelwise(node: Node): readonly number[] | undefined {
  return node.op === maxPool2dOp ? [0] : channelwiseMaps(node);
}

function makesAnyOrder(node: Node): boolean {
  return isDenseConvolution(node) || isPermutation(node);
}

function isPermutation(node: Node): boolean {
  const picked = node.op === gatherOp ? pickedChannels(node.outputs[0]!) : undefined;
  return picked !== undefined && picked.length === node.inputs[0]!.shape[1] && new Set(picked).size === picked.length;
}

function isReadInAnyOrder(x: Tensor, users: Users): boolean {
  return users.of(x).every((node) => {
    const places = node.inputs.flatMap((input, i) => (input === x ? [i] : []));
    if (isDenseConvolution(node)) return places.join() === '0';
    const maps = channelwise(node) ?? [];
    return places.every((i) => maps.includes(i));
  });
}

function inOrder(
  node: Node,
  orders: ReadonlyMap<Tensor, Int32Array>,
  rebuild: (x: Tensor) => Tensor,
): readonly Tensor[] {
  const [source, weight, ...bias] = node.inputs as [Tensor, Tensor, Tensor?];
  const read = source && orders.get(source);
  const made = orders.get(node.outputs[0]!);
  if (!read && !made) return copyNode(node, node.inputs.map(rebuild));
  if (isDenseConvolution(node)) {
    const moved = read ? selectChannels(rebuild(weight), 1, read) : rebuild(weight);
    const rows = [moved, ...bias.map((x) => rebuild(x!))];
    const inputs = [rebuild(source), ...(made ? rows.map((row) => selectChannels(row, 0, made)) : rows)];
    return applyAll(node.op, inputs, node.attributes);
  }
  if (isPermutation(node)) {
    const picked = pickedChannels(node.outputs[0]!)!;
    const both = made!.map((channel) => picked[channel]!);
    return [isIdentity(both) ? rebuild(source) : selectChannels(rebuild(source), 1, both)];
  }
  const maps = channelwise(node)!;
  const inputs = node.inputs.map((x, i) => (maps.includes(i) ? rebuild(x) : pickParameters(rebuild(x), made!)));
  return applyAll(node.op, inputs, node.attributes);
}
