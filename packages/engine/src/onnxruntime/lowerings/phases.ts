import type { OnnxBuilder } from '@nats/export';
import type { Pair } from '@nats/graph';
import { once } from './memo.js';

/** `[N, C, H, W]` with a row and a column of zeros behind it where a stride of 2 would part it unevenly. */
export function evenSized(builder: OnnxBuilder, x: string, shape: readonly number[], stride: 1 | 2): string {
  const missing = [shape[2]! % stride, shape[3]! % stride] as const;
  if (missing[0] + missing[1] === 0) return x;
  return once(builder, `even ${x}`, () =>
    builder.node('Pad', [x, builder.int64([0, 0, 0, 0, 0, 0, ...missing])], { mode: 'constant' }),
  );
}

/** Every pixel whose position mod stride is `phase`. */
export function phaseOf(builder: OnnxBuilder, x: string, phase: Pair, stride: 1 | 2): string {
  if (stride === 1) return x;
  return once(builder, `phase ${phase} of ${x}`, () => {
    const end = 2 ** 31;
    return builder.node('Slice', [
      x,
      builder.int64(phase),
      builder.int64([end, end]),
      builder.int64([2, 3]),
      builder.int64([stride, stride]),
    ]);
  });
}

/** `[N, C, H, W]`, cropped, from its phases. */
export function interleave(
  builder: OnnxBuilder,
  phase: (phase: Pair) => string,
  stride: 1 | 2,
  [, , h, w]: readonly number[],
  outputs: readonly string[],
): void {
  if (stride === 1) {
    builder.node('Identity', [phase([0, 0])], {}, outputs);
    return;
  }
  const phases = [phase([0, 0]), phase([0, 1]), phase([1, 0]), phase([1, 1])];
  const cropped = h! % 2 === 1 || w! % 2 === 1;
  const depth = builder.node('Concat', phases, { axis: 1 });
  const whole = builder.node('DepthToSpace', [depth], { blocksize: 2 }, cropped ? undefined : outputs);
  if (!cropped) return;
  builder.node('Slice', [whole, builder.int64([0, 0]), builder.int64([h!, w!]), builder.int64([2, 3])], {}, outputs);
}
