import { applyAll, copyNode, mapEnds, type Node, type Program, type Tensor, withScopePath } from '@nats/graph';
import { isIdentity, selectChannels } from '../apply/select-channels.js';
import { channelwiseMaps, isDenseConvolution, pickedChannels, pickParameters } from './channel-ops.js';
import { type Users, usersOf } from './users.js';

/**
 * Moves picks of channels up to the convolution that makes them: `relu(bn(conv(x, w)))[picked]` becomes
 * `relu(bn'(conv(x, w[picked])))`, where the pick of the weight can be folded at export. This is how whole groups of a
 * grouped convolution are permuted through the 1x1 convolution before it. Only where every reader picks, and no channel
 * is picked twice, so that nothing is computed that was not before.
 */
export function hoistSelections(program: Program): Program {
  const users = usersOf(program);
  const rebuilt = new Map<Tensor, Tensor>();
  const rebuild = (x: Tensor) => rebuilt.get(x)!;
  for (const node of program.nodes) {
    const picks = node.outputs.map(pickedChannels);
    const source = node.inputs[0];
    const outputs =
      source && picks.every((picked) => picked !== undefined) && reachesConvolution(source, users)
        ? picks.map((picked) => pickedAtSource(source, picked, rebuild))
        : copyNode(node, node.inputs.map(rebuild));
    for (const [i, output] of node.outputs.entries()) rebuilt.set(output, outputs[i]!);
  }
  return mapEnds(program, rebuild);
}

function reachesConvolution(source: Tensor, users: Users): boolean {
  if (users.isEnd(source) || !pickedOnceAtMost(source, users.of(source))) return false;
  let x = source;
  for (;;) {
    const { node } = x;
    if (isDenseConvolution(node)) return true;
    const map = onlyMap(x);
    if (!map || users.isEnd(map) || users.of(map).length !== 1) return false;
    x = map;
  }
}

/** The map that a node passes on, channel by channel or only some channels of it. */
function onlyMap(x: Tensor): Tensor | undefined {
  if (x.node.outputs.length === 1 && pickedChannels(x)) return x.node.inputs[0];
  const maps = channelwiseMaps(x.node);
  return maps?.length === 1 ? x.node.inputs[maps[0]!] : undefined;
}

function pickedOnceAtMost(x: Tensor, readers: readonly Node[]): boolean {
  const seen = new Set<number>();
  for (const reader of readers) {
    for (const output of reader.outputs) {
      const picked = pickedChannels(output);
      if (!picked) return false;
      for (const channel of picked) {
        if (seen.has(channel)) return false;
        seen.add(channel);
      }
    }
  }
  return seen.size <= (x.shape[1] as number);
}

function pickedAtSource(x: Tensor, picked: Int32Array, rebuild: (x: Tensor) => Tensor): Tensor {
  if (isIdentity(picked) && picked.length === x.shape[1]) return rebuild(x);
  const { node } = x;
  return withScopePath(node.scope, () => {
    if (isDenseConvolution(node)) {
      // Weight and, if there is one, bias have an output channel in each row.
      const [input, ...rows] = node.inputs.map(rebuild) as [Tensor, Tensor, Tensor?];
      const pickedRows = rows.map((row) => selectChannels(row!, 0, picked));
      return applyAll(node.op, [input, ...pickedRows], node.attributes)[0]!;
    }
    const earlier = pickedChannels(x);
    if (earlier) {
      const both = picked.map((channel) => earlier[channel]!);
      return pickedAtSource(node.inputs[0]!, both, rebuild);
    }
    const [map] = channelwiseMaps(node)!;
    const inputs = node.inputs.map((y, i) =>
      i === map ? pickedAtSource(y, picked, rebuild) : pickParameters(rebuild(y), picked),
    );
    return applyAll(node.op, inputs, node.attributes)[0]!;
  });
}
