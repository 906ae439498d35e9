import {
  check,
  constant,
  createProgram,
  createScope,
  type Engine,
  gradients,
  hash32,
  hashNormal,
  input,
  multiply,
  type Pair,
  reduceMean,
  reduceSum,
  type StateSpec,
  sizeOf,
  slice,
  square,
  type Tensor,
  type TensorData,
  tensorData,
} from '@nats/graph';
import { schemeBuilder } from '../apply/scheme-builder.js';
import { type BackboneConfig, buildBackbone, type StageName, stageOutput } from '../backbones/index.js';
import { checkSchemeFits, type Scheme } from '../scheme/scheme.js';

/** Options of `effectiveReceptiveField`. */
export interface EffectiveReceptiveFieldOptions {
  /** Values of the backbone's variables, named relative to `prefix`; others are not read. */
  readonly values: ReadonlyMap<string, TensorData>;
  /** Where the backbone's names begin in `values`: `backbone.body`. Default: at the root. */
  readonly prefix?: string;
  readonly scheme?: Scheme;
  /** float32 `[N, C, H, W]`, preprocessed as for training; default: 8 images of normal noise, 224 x 224. */
  readonly images?: TensorData;
  /** Default: all that the backbone has. */
  readonly stages?: readonly StageName[];
}

/** Where the pixels lie that the center of a feature map depends on, and how much (Luo et al. 2016). */
export interface EffectiveReceptiveField {
  /** `[H, W]`: how much the central value of the feature map moves with each pixel, largest 1. */
  readonly map: TensorData;
  /** Standard deviation of the map's squares about their center, in pixels, `[vertical, horizontal]`. */
  readonly deviation: Pair;
  /** Side of a square of as many pixels as have at least 4.55 % of the largest (Luo et al. 2016, section 4). */
  readonly side: number;
}

/**
 * Effective receptive field (Luo et al. 2016): the root mean square, over images and input channels, of the gradient of
 * the central position of a feature map (all its channels, with random signs) by the input.
 * @param engine who computes it: this package runs nothing itself
 * @throws NatsError `state` for a missing or ill-shaped value
 */
export async function effectiveReceptiveFields(
  engine: Engine,
  config: BackboneConfig,
  options: EffectiveReceptiveFieldOptions,
): Promise<Map<StageName, EffectiveReceptiveField>> {
  const { scheme, images = noise([8, config.inputChannels, 224, 224]) } = options;
  if (scheme) checkSchemeFits(scheme, config);
  const scope = createScope();
  const [height, width] = images.shape.slice(2) as [number, number];
  // One image at a time: gradients of a large one keep all its feature maps.
  const x = input('x', 'float32', [1, ...images.shape.slice(1)]);
  const backbone = buildBackbone(scope, x, config, scheme ? { convolution: schemeBuilder(scheme) } : {});
  const stages = options.stages ?? backbone.outputs.map(({ name }) => name);
  check(stages.length > 0, 'attribute', () => ({ rule: 'at least one stage is measured', received: 'none' }));
  const outputs = stages.map((name) => [name, squaredGradient(stageOutput(backbone, name).features, x)]);
  const program = createProgram({ outputs: Object.fromEntries(outputs) as Record<string, Tensor> });
  const executable = await engine.compile(program);
  try {
    const state = await engine.createState(scope.spec, valuesFor(scope.spec, options));
    try {
      const sums = new Map<StageName, Float64Array>(stages.map((name) => [name, new Float64Array(height * width)]));
      for (const image of eachImage(images)) {
        const results = await executable.run(state, { x: image });
        for (const [name, sum] of sums) for (const [i, value] of results[name]!.data.entries()) sum[i]! += value;
      }
      return new Map(Array.from(sums, ([name, sum]) => [name, measure(sum, height, width)]));
    } finally {
      await state.dispose();
    }
  } finally {
    await executable.dispose();
  }
}

function valuesFor(spec: StateSpec, { values, prefix = '' }: EffectiveReceptiveFieldOptions): Map<string, TensorData> {
  const found = [...spec.keys()].map((name) => [name, values.get(prefix ? `${prefix}.${name}` : name)] as const);
  // A missing one is the state's error to report, with all others that are missing.
  return new Map(found.filter((entry): entry is readonly [string, TensorData] => entry[1] !== undefined));
}

function* eachImage({ shape, data }: TensorData): Iterable<TensorData> {
  const [count, ...rest] = shape as number[];
  const size = sizeOf(rest);
  for (let i = 0; i < count!; i++) {
    yield tensorData('float32', [1, ...rest], (data as Float32Array).subarray(i * size, (i + 1) * size));
  }
}

/** `[H, W]`: mean over channels of the squared gradient by one image. */
function squaredGradient(features: Tensor, x: Tensor): Tensor {
  const [, channels, h, w] = features.shape as [number, number, number, number];
  const [row, column] = [Math.floor(h / 2), Math.floor(w / 2)];
  const center = slice(features, { 2: [row, row + 1], 3: [column, column + 1] });
  const signs = Float32Array.from({ length: channels }, (_, i) => (hash32(7, i) & 1 ? 1 : -1));
  const sum = reduceSum(multiply(center, constant(tensorData('float32', [1, channels, 1, 1], signs))));
  const [gradient] = gradients(sum, [x]) as [Tensor];
  return reduceMean(square(gradient), { axes: [0, 1] });
}

function measure(data: Float64Array, height: number, width: number): EffectiveReceptiveField {
  let largest = 0;
  for (const value of data) largest = Math.max(largest, value);
  const scale = largest === 0 ? 1 : largest;
  const map = tensorData(
    'float32',
    [height, width],
    Float64Array.from(data, (value) => Math.sqrt(value / scale)),
  );
  let [total, y, x, yy, xx, covered] = [0, 0, 0, 0, 0, 0];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const weight = data[row * width + column]! / scale;
      total += weight;
      y += weight * row;
      x += weight * column;
      yy += weight * row * row;
      xx += weight * column * column;
      if (weight > 0 && Math.sqrt(weight) >= 0.0455) covered++;
    }
  }
  if (total === 0) return { map, deviation: [0, 0], side: 0 };
  const deviation = (square: number, mean: number) => Math.sqrt(Math.max(0, square / total - (mean / total) ** 2));
  return { map, deviation: [deviation(yy, y), deviation(xx, x)], side: Math.sqrt(covered) };
}

function noise(shape: readonly number[]): TensorData {
  return tensorData(
    'float32',
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => hashNormal(11, i)),
  );
}
