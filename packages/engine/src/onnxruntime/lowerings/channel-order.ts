import type { OnnxBuilder } from '@nats/export';
import { once } from './memo.js';

/** Channels sorted by genotype, at run time. */
export interface ChannelOrder {
  /** Per genotype, its channels in ascending order: int64 vectors. */
  readonly members: readonly string[];
  /** `[O]`: position of each channel in the concatenation of all genotypes' channels. */
  readonly positions: string;
}

/**
 * @param index int32 `[O]`
 * @param empty what a genotype without channels has: none, so that its tensors have an axis of length 0; or channel O, one
 * past the last, because onnxruntime 1.30's FusedConv never ends without input channels
 */
export function channelOrder(
  builder: OnnxBuilder,
  index: string,
  { channels, genotypes, empty }: { channels: number; genotypes: number; empty: 'none' | 'past' },
): ChannelOrder {
  const own = Array.from({ length: genotypes }, (_, g) => membersOf(builder, index, g));
  const members = empty === 'none' ? own : own.map((list) => orPast(builder, list, channels));
  const positions = once(builder, `positions ${index} ${empty}`, () => {
    const order = genotypes === 1 ? members[0]! : builder.node('Concat', members, { axis: 0 });
    // The inverse of a permutation is the order that sorts it. What is past the last comes last.
    const inverse = builder.fresh('positions');
    builder.node('TopK', [order, builder.int64([channels])], { largest: 0 }, [builder.fresh('sorted'), inverse]);
    return inverse;
  });
  return { members, positions };
}

function membersOf(builder: OnnxBuilder, index: string, g: number): string {
  return once(builder, `members ${index} ${g}`, () => {
    const value = builder.constant({ dtype: 'int32', shape: [], data: Int32Array.of(g) });
    const places = builder.node('NonZero', [builder.node('Equal', [index, value])]);
    return builder.node('Reshape', [places, builder.int64([-1])]);
  });
}

function orPast(builder: OnnxBuilder, members: string, channels: number): string {
  return once(builder, `${members} or past`, () => {
    // The first 1 - count of a list of one: an end of 0 or less leaves nothing.
    const end = builder.node('Sub', [builder.int64([1]), builder.node('Shape', [members])]);
    const past = builder.node('Slice', [builder.int64([channels]), builder.int64([0]), end]);
    return builder.node('Concat', [members, past], { axis: 0 });
  });
}

/** A genotype's channels of a tensor, along axis 1. */
export function ofGenotype(builder: OnnxBuilder, x: string, { members }: ChannelOrder, g: number): string {
  return once(builder, `${x} by ${members[g]!}`, () => builder.node('Gather', [x, members[g]!], { axis: 1 }));
}

/** The same of a tensor without a channel past the last: there it reads the last one, which is to meet zeros. */
export function ofGenotypeClamped(
  builder: OnnxBuilder,
  x: string,
  { members }: ChannelOrder,
  g: number,
  channels: number,
): string {
  return once(builder, `${x} by ${members[g]!}, clamped`, () => {
    const inside = once(builder, `${members[g]!} clamped`, () =>
      builder.node('Min', [members[g]!, builder.int64([channels - 1])]),
    );
    return builder.node('Gather', [x, inside], { axis: 1 });
  });
}
