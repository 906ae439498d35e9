import { ends, mapEnds, type Program } from '../program.js';
import type { Node, Tensor } from '../tensor.js';
import type { TensorData } from '../tensor-data.js';
import { copyNode, rewrite } from '../traversal.js';

/** Constants up to this many elements are compared by value; larger ones by identity. */
const COMPARED_CONSTANT_SIZE = 64;

/** Merges nodes that apply the same op with the same attributes to the same inputs. */
export function eliminateCommonSubexpressions(program: Program): Program {
  const known = new Map<string, readonly Tensor[]>();
  const replace = (node: Node, inputs: readonly Tensor[]) => {
    const key = keyOf(node, inputs);
    const outputs = known.get(key) ?? copyNode(node, inputs);
    known.set(key, outputs);
    return outputs;
  };
  return mapEnds(program, rewrite(ends(program), replace, copyNode));
}

function keyOf(node: Node, inputs: readonly Tensor[]): string {
  const from = inputs.map((x) => `${x.node.id}.${x.index}`).join();
  return `${node.op.name}(${from})${attributesKey(node)}`;
}

function attributesKey(node: Node): string {
  if (node.op.name !== 'constant') return JSON.stringify(node.attributes, exactNumber);
  const { value } = node.attributes as { value: TensorData };
  const content = value.data.length <= COMPARED_CONSTANT_SIZE ? exactText(value.data) : `#${node.id}`;
  return `${value.dtype}[${value.shape.join()}]${content}`;
}

/** NaN, infinities and -0 are told apart, which JSON would not do. */
function exactText(values: ArrayLike<number>): string {
  return Array.from(values, numberText).join();
}

const numberText = (value: number) => (Object.is(value, -0) ? '-0' : String(value));

function exactNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? numberText(value) : value;
}
