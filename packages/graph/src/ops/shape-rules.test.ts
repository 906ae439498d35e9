import { describe, expect, it } from 'vitest';
import * as g from '../index.js';

const floats = (...shape: g.Dimension[]) => g.input(`x${shape}`, 'float32', shape);
const whole = (...shape: g.Dimension[]) => g.input(`i${shape}`, 'int32', shape);
const bools = (...shape: g.Dimension[]) => g.input(`b${shape}`, 'bool', shape);
const bytes = (...shape: g.Dimension[]) => g.input(`u${shape}`, 'uint8', shape);
const image = floats(1, 3, 8, 9);
const kernel = floats(4, 3, 3, 3);
const roi = { outputSize: 2, spatialScale: 1, samplingRatio: 2 };

type Row = readonly [what: string, code: g.ErrorCode, build: () => unknown, message: RegExp];

/** Every rule, broken once: the message has the rule, what was received, and the limit where there is one. */
const REFUSED: readonly Row[] = [
  [
    'broadcasting',
    'shape',
    () => g.add(floats(2, 3), floats(2, 4)),
    /\[2, 3\] and \[2, 4\].*aligned at the right.*axis 1 is 3 against 4/,
  ],
  ['broadcasting a batch', 'shape', () => g.add(floats('N', 3), floats(2, 3)), /axis 0 is N against 2/],
  [
    'a batch that is not in front',
    'shape',
    () => g.add(floats('N'), floats(4, 1)),
    /received \[4, N\].*'N' only in front/,
  ],
  [
    'mixed dtypes',
    'dtype',
    () => g.add(floats(2), whole(2)),
    /received float32\[2\] and int32\[2\].*one dtype.*cast first/,
  ],
  ['arithmetic on bools', 'dtype', () => g.add(bools(2), bools(2)), /one of float32, int32/],
  [
    'a fraction beside whole numbers',
    'dtype',
    () => g.multiply(whole(2), 0.5),
    /received 0.5.*one of them.*a value of int32/,
  ],
  ['roots of whole numbers', 'dtype', () => g.sqrt(whole(2)), /received int32\[2\].*sqrt takes float32/],
  ['not of numbers', 'dtype', () => g.not(floats(2)), /not takes bool/],
  ['a power of whole numbers', 'dtype', () => g.power(whole(2), whole(2)), /power takes/],
  ['select by numbers', 'dtype', () => g.select(floats(2), floats(2), floats(2)), /bool condition/],
  ['select of two dtypes', 'dtype', () => g.select(bools(2), floats(2), whole(2)), /two tensors of one dtype/],
  [
    'an axis',
    'axis',
    () => g.reduceSum(floats(2, 3), { axes: [2] }),
    /received 2.*with 2 dimensions is a whole number.*-2 to 1/,
  ],
  ['an axis that is no number', 'axis', () => g.softmax(floats(2), 0.5), /received 0.5.*-1 to 0/],
  ['an axis of a scalar', 'axis', () => g.softmax(floats()), /with 0 dimensions/],
  [
    'axes',
    'axis',
    () => g.reduceSum(floats(2, 3), { axes: [1, -1] }),
    /received \[1, -1\].*different from one another/,
  ],
  [
    'sums of bools',
    'dtype',
    () => g.reduceSum(bools(2)),
    /received bool\[2\].*reductions take float32 or int32.*cast it/,
  ],
  ['a mean of whole numbers', 'dtype', () => g.reduceMean(whole(2)), /a mean is one of float32/],
  [
    'a mean over the batch',
    'axis',
    () => g.reduceMean(floats('N', 2)),
    /received \[N, 2\].*known batch size.*a number/,
  ],
  ['a maximum of nothing', 'shape', () => g.reduceMax(floats(0, 2)), /received \[0, 2\].*at least one element/],
  ['softmax of whole numbers', 'dtype', () => g.softmax(whole(2)), /softmax takes float32/],
  ['reshape', 'shape', () => g.reshape(floats(2, 3), [4]), /\[2, 3\] to \[4\].*number of elements.*6 elements/],
  ['reshape without the batch', 'shape', () => g.reshape(floats('N', 4), [4]), /4 elements for each of N/],
  ['reshape to a fraction', 'shape', () => g.reshape(floats(2, 3), [4, -1]), /whole, non-negative/],
  ['transpose', 'axis', () => g.transpose(floats(2, 3), [0, 0]), /received \[0, 0\] for \[2, 3\].*every axis once/],
  ['transpose of the batch', 'shape', () => g.transpose(floats('N', 3)), /'N' only in front/],
  ['broadcastTo', 'shape', () => g.broadcastTo(floats(2, 3), [3]), /stretches dimensions of size 1/],
  ['broadcastTo a batch', 'shape', () => g.broadcastTo(floats(1, 3), ['N', 3]), /does not stretch to an unknown batch/],
  [
    'concat of shapes',
    'shape',
    () => g.concat([floats(2, 3), floats(3, 3)], 1),
    /received float32\[2, 3\], float32\[3, 3\].*agree except on axis 1/,
  ],
  ['concat along the batch', 'axis', () => g.concat([floats('N'), floats('N')], 0), /not along an unknown batch/],
  ['concat of nothing', 'attribute', () => g.concat([], 0), /at least one tensor/],
  ['stack of nothing', 'attribute', () => g.stack([], 0), /at least one tensor/],
  ['slice', 'axis', () => g.slice(floats(5), { 0: [6, 9] }), /start 6.*stays inside its tensor.*0 to 5/],
  ['slice with a step of 0', 'axis', () => g.slice(floats(5), { 0: [0, 3, 0] }), /steps of at least 1/],
  ['slice from a fraction', 'axis', () => g.slice(floats(5), { 0: [0.5, 3] }), /stays inside/],
  ['slice of the batch', 'axis', () => g.slice(floats('N', 2), { 0: [0, 1] }), /unknown batch 'N'/],
  ['split', 'axis', () => g.split(floats(5), [2, 2], 0), /received \[2, 2\], in all 4.*sum to the axis.*5/],
  [
    'pad',
    'attribute',
    () => g.pad(floats(2), [[-1, 0]]),
    /received \[\[-1,0\]\] for \[2\].*not negative.*slice to crop/,
  ],
  ['pad of the batch', 'axis', () => g.pad(floats('N'), [[1, 0]]), /'N' is not padded/],
  ['pad of bools', 'dtype', () => g.pad(bools(2), [[1, 0]]), /pad takes numbers/],
  ['reverse', 'axis', () => g.reverse(floats(2), [1]), /received 1.*-1 to 0/],
  ['upsampling', 'attribute', () => g.upsampleNearest(image, 1.5), /factor 1.5.*whole factor/],
  ['matMul', 'shape', () => g.matMul(floats(2, 3), floats(4, 5)), /inner dimensions agree.*3 against 4/],
  [
    'matMul, transposed',
    'shape',
    () => g.matMul(floats(2, 3), floats(3, 5), { transposeA: true }),
    /float32\[2, 3\] transposed/,
  ],
  ['matMul of vectors', 'shape', () => g.matMul(floats(3), floats(3, 5)), /at least 2 dimensions/],
  ['gather', 'dtype', () => g.gather(floats(3), floats(2)), /received float32\[2\].*int32 indices/],
  [
    'takeAlongAxis',
    'shape',
    () => g.takeAlongAxis(floats(3, 2), whole(2, 3), 0),
    /agree with the tensor's except on axis 0/,
  ],
  ['argMax', 'shape', () => g.argMax(floats(2, 0)), /at least one element along the axis/],
  ['argMax of bools', 'shape', () => g.argMax(bools(2)), /float32 or int32/],
  [
    'topK',
    'attribute',
    () => g.topK(floats(2, 3), 4),
    /received k = 4 of float32\[2, 3\].*as many values as the last axis has/,
  ],
  ['topK of a scalar', 'attribute', () => g.topK(floats(), 1), /k = 1 of float32\[\]/],
  ['topK of bytes', 'attribute', () => g.topK(bytes(3), 1), /float32 or int32/],
  [
    'conv2d input',
    'shape',
    () => g.conv2d(floats(3, 8, 9), kernel),
    /received float32\[3, 8, 9\].*input is float32 \[N, C, H, W\]/,
  ],
  ['conv2d weight', 'shape', () => g.conv2d(image, floats(4, 3)), /weight is float32 \[O, I, kh, kw\]/],
  ['conv2d channels', 'shape', () => g.conv2d(image, floats(4, 2, 3, 3)), /groups times.*; 2 input channels/],
  [
    'conv2d groups',
    'shape',
    () => g.conv2d(image, floats(4, 1, 3, 3), { groups: 3 }),
    /groups divide its output channels/,
  ],
  [
    'conv2d extent',
    'shape',
    () => g.conv2d(image, kernel, { dilation: 4 }),
    /extent 9 on 8 rows.*dilated kernel fits.*more padding/,
  ],
  ['conv2d width', 'shape', () => g.conv2d(image, floats(4, 3, 1, 10)), /extent 10 on 9 columns/],
  ['conv2d without weights', 'shape', () => g.conv2d(floats(1, 0, 4, 4), floats(2, 0, 3, 3)), /weight has elements/],
  [
    'conv2d stride',
    'attribute',
    () => g.conv2d(image, kernel, { stride: 0 }),
    /"stride":\[0,0\].*whole numbers of at least 1/,
  ],
  ['conv2d padding', 'attribute', () => g.conv2d(image, kernel, { padding: -1 }), /padding of at least 0/],
  [
    'conv2d bias',
    'shape',
    () => g.conv2d(image, kernel, {}, floats(3)),
    /received float32\[3\].*one value for each output channel.*float32\[4\]/,
  ],
  [
    'convGradInput',
    'shape',
    () => g.convGradInput(floats(1, 4, 6, 6), kernel, [1, 3, 8, 9]),
    /gradient of the convolution's output.*float32\[1, 4, 6, 7\]/,
  ],
  ['convGradWeight', 'shape', () => g.convGradWeight(floats(1, 4, 6, 6), image, [4, 3, 3, 3]), /float32\[1, 4, 6, 7\]/],
  [
    'channel dilation, index',
    'shape',
    () => g.conv2dByChannelDilation(image, kernel, whole(3), { genotypes: [[1, 1]] }),
    /received int32\[3\].*index of a genotype.*int32\[4\]/,
  ],
  [
    'channel dilation, genotypes',
    'attribute',
    () => g.conv2dByChannelDilation(image, kernel, whole(4), { genotypes: [] }),
    /one or more pairs/,
  ],
  [
    'channel dilation, even kernel',
    'shape',
    () => g.conv2dByChannelDilation(image, floats(4, 3, 2, 3), whole(4), { genotypes: [[1, 1]] }),
    /odd sides/,
  ],
  ['maxPool2d', 'shape', () => g.maxPool2d(floats(8, 9), { kernel: 2 }), /maxPool2d takes float32 \[N, C, H, W\]/],
  ['maxPool2d window', 'shape', () => g.maxPool2d(image, { kernel: 10 }), /a window of 10 on 8 rows.*window fits/],
  [
    'maxPool2d padding',
    'attribute',
    () => g.maxPool2d(image, { kernel: 2, padding: 2 }),
    /padding is smaller than the kernel/,
  ],
  [
    'averagePool2d',
    'attribute',
    () => g.averagePool2d(image, { kernel: [2, 3], padding: [1, 3] }),
    /padding \[1, 3, 1, 3\], kernel \[2, 3\]/,
  ],
  ['resizeBilinear', 'shape', () => g.resizeBilinear(image, [0, 4]), /to \[0, 4\].*whole size/],
  ['roiAlign features', 'shape', () => g.roiAlign(floats(3, 8, 9), floats(1, 5, 4), roi), /features \[N, C, H, W\]/],
  [
    'roiAlign boxes',
    'shape',
    () => g.roiAlign(image, floats(5, 4), roi),
    /float32\[5, 4\] for float32\[1, 3, 8, 9\].*without batch indices.*\[N, K, 4\] /,
  ],
  [
    'roiAlign batch indices',
    'shape',
    () => g.roiAlign(image, floats(5, 4), roi, whole(4)),
    /received float32\[5, 4\] and int32\[4\].*batch indices \[R\]/,
  ],
  [
    'roiAlign sampling',
    'attribute',
    () => g.roiAlign(image, floats(1, 5, 4), { ...roi, samplingRatio: -1 }),
    /"samplingRatio":-1.*sampling ratio whole/,
  ],
  [
    'pyramidRoiAlign scales',
    'attribute',
    () => g.pyramidRoiAlign([image], floats(1, 5, 4), whole(1, 5), { ...roi, spatialScales: [1, 0.5] }),
    /received 2 scales for 1 levels.*every level.*has a scale/,
  ],
  [
    'pyramidRoiAlign levels of boxes',
    'shape',
    () => g.pyramidRoiAlign([image], floats(1, 5, 4), whole(5), { ...roi, spatialScales: [1] }),
    /received int32\[5\].*number of a level.*int32\[1, 5\]/,
  ],
  [
    'pyramidRoiAlign channels',
    'shape',
    () =>
      g.pyramidRoiAlign([image, floats(1, 4, 8, 9)], floats(1, 5, 4), whole(1, 5), { ...roi, spatialScales: [1, 1] }),
    /as many channels/,
  ],
  [
    'pyramidRoiAlign gradient',
    'attribute',
    () => {
      const options = { ...roi, samplingRatio: 0, spatialScales: [1] };
      const pooled = g.pyramidRoiAlign([image], floats(1, 5, 4), whole(1, 5), options);
      return g.gradients(g.reduceSum(pooled), [image]);
    },
    /received samplingRatio 0.*fixed number of samples/,
  ],
  [
    'roiAlign gradient',
    'attribute',
    () => {
      const pooled = g.roiAlign(image, floats(1, 5, 4), { ...roi, samplingRatio: 0 });
      return g.gradients(g.reduceSum(pooled), [image]);
    },
    /received samplingRatio 0.*fixed number of samples/,
  ],
  [
    'nms shapes',
    'shape',
    () => g.nms(floats(2, 5, 4), floats(2, 4), { iouThreshold: 0.5, maxOutput: 3 }),
    /boxes \[B, N, 4\] and scores \[B, N\]/,
  ],
  [
    'nms threshold',
    'attribute',
    () => g.nms(floats(5, 4), floats(5), { iouThreshold: 1.5, maxOutput: 3 }),
    /iouThreshold from 0 to 1/,
  ],
  [
    'nms output',
    'attribute',
    () => g.nms(floats(5, 4), floats(5), { iouThreshold: 0.5, maxOutput: 0 }),
    /maxOutput of at least 1/,
  ],
  ['batch norm', 'shape', () => g.batchNormTraining(image, floats(4), floats(3), 1e-5), /batch norm takes/],
  [
    'batch statistics of one value',
    'shape',
    () => g.batchNorm(g.createScope({ normalization: 'batch' }), floats(1, 3, 1, 1)),
    /more than one value per channel/,
  ],
  [
    'group norm',
    'attribute',
    () => g.groupNorm(g.createScope(), image, 2),
    /received 2 groups for 3 channels.*groups divide the channels/,
  ],
  ['reduceAny of numbers', 'dtype', () => g.reduceAny(floats(2)), /reduceAny takes bool/],
  ['nanMask of whole numbers', 'dtype', () => g.nanMask(whole(2)), /nanMask takes float32/],
  ['reluGrad', 'shape', () => g.reluGrad(floats(2), floats(3)), /gradient and an output of one shape/],
  [
    'tensor data',
    'shape',
    () => g.tensorData('float32', [2, 2], [1]),
    /received 1 values for shape \[2, 2\].*as many values as its shape says.*4 values/,
  ],
  ['an input with a fraction', 'shape', () => floats(2, 1.5), /whole, non-negative/],
  ['an input with a late batch', 'shape', () => floats(2, 'N'), /'N' only in front/],
];

const createLayer = (build: () => unknown) => g.createScope().child('backbone').child('layer1').build(build);

describe('shape rules', () => {
  it.each(REFUSED)('refuse: %s', (_, code, build, message) => {
    expect(build).toThrow(g.NatsError);
    expect(build).toThrow(expect.objectContaining({ code }));
    expect(build).toThrow(message);
  });

  it.each(REFUSED)('name the scope: %s', (_, _code, build) => {
    expect(() => createLayer(build)).toThrow(/backbone\.layer1/);
  });

  it('refuse values that only the run knows', () => {
    const program = g.createProgram({ outputs: { y: g.gather(floats(3), whole(2)) } });
    const feeds = { x3: g.tensorData('float32', [3], [1, 2, 3]), i2: g.tensorData('int32', [2], [0, 3]) };
    expect(() => g.evaluate(program, feeds)).toThrow(/received 3.*inside the axis that they index.*0 to 2/);
  });
});

describe('shapes that are inferred', () => {
  it.each<[string, g.Tensor, g.Shape]>([
    ['broadcasting', g.add(floats(2, 1, 4), floats(3, 1)), [2, 3, 4]],
    ['broadcasting a batch', g.add(floats('N', 1), floats(3)), ['N', 3]],
    ['nothing broadcasts', g.add(floats(0, 3), floats(1, 1)), [0, 3]],
    ['conv2d', g.conv2d(image, kernel, { stride: 2, padding: [1, 2, 0, 1], dilation: [1, 2] }), [1, 4, 4, 4]],
    ['conv2d of a batch', g.conv2d(floats('N', 3, 8, 9), kernel), ['N', 4, 6, 7]],
    [
      'channel dilation, stride 2',
      g.conv2dByChannelDilation(image, kernel, whole(4), { genotypes: [[3, 2]], stride: 2 }),
      [1, 4, 4, 5],
    ],
    ['maxPool2d', g.maxPool2d(image, { kernel: 3, stride: 2, padding: 1 }), [1, 3, 4, 5]],
    ['gather', g.gather(floats(2, 5, 3), whole(4, 6), 1), [2, 4, 6, 3]],
    ['argMax', g.argMax(floats(2, 5, 3), 1), [2, 3]],
    ['reshape of a batch', g.reshape(floats('N', 4, 6), [-1, 8, 3]), ['N', 8, 3]],
    ['flatten', g.flatten(floats('N', 4, 6)), ['N', 24]],
    ['stack', g.stack([floats(2, 3), floats(2, 3)], -1), [2, 3, 2]],
    ['slice from the end', g.slice(floats(5), { 0: [-3, -1] }), [2]],
    ['roiAlign', g.roiAlign(floats('N', 3, 8, 9), floats('N', 5, 4), roi), ['N', 5, 3, 2, 2]],
    ['nms', g.nms(floats('N', 5, 4), floats('N', 5), { iouThreshold: 0.5, maxOutput: 7 }).indices, ['N', 7]],
  ])('%s', (_, tensor, shape) => expect(tensor.shape).toEqual(shape));

  it('ops that do nothing build nothing', () => {
    const x = floats(2, 3);
    expect(g.reshape(x, [2, 3])).toBe(x);
    expect(g.transpose(x, [0, 1])).toBe(x);
    expect(g.cast(x, 'float32')).toBe(x);
    expect(
      g.pad(x, [
        [0, 0],
        [0, 0],
      ]),
    ).toBe(x);
    expect(g.slice(x, { 1: [0, 3] })).toBe(x);
    expect(g.broadcastTo(x, [2, 3])).toBe(x);
    expect(g.concat([x], 0)).toBe(x);
    expect(g.reverse(x, [])).toBe(x);
    expect(g.reduceSum(x, { axes: [] })).toBe(x);
  });
});
