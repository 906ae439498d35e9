import { describe, expectTypeOf, it } from 'vitest';
import * as g from './index.js';

// Checked by the type checker; nothing here depends on values.
describe('types', () => {
  it('dimensions are numbers or the batch', () => {
    expectTypeOf<g.Shape[number]>().toEqualTypeOf<number | 'N'>();
    g.input('x', 'float32', ['N', 3]);
    // @ts-expect-error only 'N' is a symbol
    const wrongSymbol = () => g.input('x', 'float32', ['M', 3]);
    // @ts-expect-error no such dtype
    const wrongDtype = () => g.input('x', 'float64', [3]);
    // @ts-expect-error variables have known shapes
    const wrongVariable = () => g.variable('x', 'float32', ['N']);
    expectTypeOf([wrongSymbol, wrongDtype, wrongVariable]).toBeArray();
  });

  it('ops take tensors, or numbers where they are elementwise', () => {
    expectTypeOf(g.add).parameters.toEqualTypeOf<[g.Operand, g.Operand]>();
    expectTypeOf(g.exp).parameters.toEqualTypeOf<[g.Tensor]>();
    expectTypeOf(g.conv2d).returns.toEqualTypeOf<g.Tensor>();
    expectTypeOf(g.topK).returns.toEqualTypeOf<{ readonly values: g.Tensor; readonly indices: g.Tensor }>();
    expectTypeOf(g.nms).returns.toEqualTypeOf<{ readonly indices: g.Tensor; readonly valid: g.Tensor }>();
    const x = g.input('x', 'float32', [1, 1, 4, 4]);
    // @ts-expect-error a window has a kernel
    const noKernel = () => g.maxPool2d(x, { stride: 2 });
    // @ts-expect-error the adaptive sampling ratio is not offered by leaving it out
    const noRatio = () => g.roiAlign(x, x, { outputSize: 7, spatialScale: 1 });
    expectTypeOf([noKernel, noRatio]).toBeArray();
  });

  it('tensors cannot be changed', () => {
    expectTypeOf<g.Tensor>().toHaveProperty('shape').toEqualTypeOf<readonly g.Dimension[]>();
    const x = g.input('x', 'float32', [3]);
    const change = () => {
      // @ts-expect-error readonly
      x.shape = [4];
    };
    expectTypeOf(change).toBeFunction();
  });

  it('a rule gets as many tensors as its op takes and gives', () => {
    const x = g.input('x', 'float32', [3]);
    expectTypeOf(g.conv2dOp.infer)
      .parameter(0)
      .toEqualTypeOf<readonly [x: g.TensorType, w: g.TensorType, bias?: g.TensorType]>();
    expectTypeOf(g.conv2dOp.evaluate).returns.toEqualTypeOf<readonly [g.TensorData]>();
    expectTypeOf(g.applyAll(g.topKOp, [x], { k: 2 })).toEqualTypeOf<readonly [values: g.Tensor, indices: g.Tensor]>();
    type Gradient = Parameters<NonNullable<typeof g.reluOp.gradient>>[0]['gradients'];
    // The loss depends on an op's one output, or its rule is not asked.
    expectTypeOf<Gradient>().toEqualTypeOf<readonly [g.Tensor]>();
    // @ts-expect-error a convolution has a weight
    const noWeight = () => g.apply(g.conv2dOp, [x], g.convolutionAttributes({}));
    expectTypeOf(noWeight).returns.toEqualTypeOf<g.Tensor>();
  });

  it("an op's attributes are those of its definition", () => {
    const op = g.defineOp<{ readonly by: number }>({
      name: 'scale',
      infer: ([x]) => [x!],
      evaluate: ([x], { by }) => [{ ...x!, data: x!.data.map((value) => value * by) }],
    });
    expectTypeOf(op).toEqualTypeOf<g.OpDefinition<{ readonly by: number }>>();
    const x = g.input('x', 'float32', [3]);
    // @ts-expect-error no such attribute
    const wrong = () => g.apply(op, [x], { to: 2 });
    expectTypeOf(wrong).returns.toEqualTypeOf<g.Tensor>();
    expectTypeOf(g.referenceEngine()).toEqualTypeOf<g.Engine>();
  });
});
