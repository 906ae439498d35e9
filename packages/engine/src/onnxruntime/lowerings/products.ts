import type { OnnxBuilder } from '@nats/export';

/** `[rows, depth] × [1, N, P, …depth]^T`, straight into NCHW. */
export function productOfPatches(
  builder: OnnxBuilder,
  matrix: string,
  patches: string,
  output: readonly number[],
  depth: number,
  names: readonly string[],
): void {
  const [n, , h, w] = output as [number, number, number, number];
  const flat = builder.node('Reshape', [patches, builder.int64([n, h * w, depth])]);
  const product = builder.node('FusedMatMul', [matrix, flat], { transB: 1 }, undefined, 'com.microsoft');
  builder.node('Reshape', [product, builder.int64(output)], {}, names);
}

/** `[G, rows, depth] × [G, depth, columns]`; for one group as a plain matrix product. */
export function matrixProduct(
  builder: OnnxBuilder,
  a: string,
  b: string,
  groups: number,
  [rows, depth, columnCount]: readonly [number, number, number],
): string {
  const lead = groups === 1 ? [] : [groups];
  const left = builder.node('Reshape', [a, builder.int64([...lead, rows, depth])]);
  const right = builder.node('Reshape', [b, builder.int64([...lead, depth, columnCount])]);
  return builder.node('MatMul', [left, right]);
}
