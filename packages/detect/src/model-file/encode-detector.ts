import {
  checkValues,
  createOnnxBuilder,
  encodeModel,
  type Lowerings,
  type OnnxBuilder,
  type Precision,
  type ValueType,
  writeProgram,
} from '@nats/export';
import {
  check,
  type Dimension,
  foldBatchNorm,
  formatType,
  type Program,
  type Tensor,
  type TensorData,
} from '@nats/graph';
import type { PixelStatistics } from '@nats/space';
import { checkConvention } from './check-convention.js';
import { checkScheme } from './check-scheme.js';
import {
  DEFAULT_PAD_VALUE,
  DEFAULT_THRESHOLDS,
  type DetectionThresholds,
  type DetectorConvention,
} from './convention.js';
import { conventionMetadata } from './metadata.js';
import { lowerPreprocessing, lowerToImage } from './preprocessing.js';
import { type CandidateNames, lowerDetections, lowerSuppression } from './suppression.js';

/** What becomes part of the ONNX file of a detector. */
export interface EncodeDetectorOptions {
  /** Of every variable of the program. */
  readonly values: ReadonlyMap<string, TensorData>;
  /** Names by label. */
  readonly classes: readonly string[];
  /** By which the pixels that the detector was trained on were normalized. */
  readonly statistics: PixelStatistics;
  /** Program and version that writes the file, for its metadata. */
  readonly tool: string;
  /** Non-maximum suppression in the file; default true. */
  readonly suppression?: boolean;
  readonly thresholds?: Partial<DetectionThresholds>;
  /** Letterbox and normalization in the file: the layout of its uint8 images. Default: float32 as the program takes it. */
  readonly preprocessing?: 'NHWC' | 'NCHW';
  /** Brightness of what a letterboxed image does not cover; default 114. */
  readonly padValue?: number;
  /** Of weights and activations; inputs and outputs are the same in both. Default float32. */
  readonly precision?: Precision;
  /** The scheme that the program was built with, as JSON text, for the metadata. */
  readonly scheme?: string;
  /** Name of the graph; default 'detector'. */
  readonly name?: string;
  /** More metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Replace the portable lowerings of single ops. */
  readonly lowerings?: Lowerings;
}

/**
 * Writes a detector as the bytes of an ONNX model that describes itself (see `readDetectorMetadata`). Batch norms become
 * part of the convolutions.
 * @param program a detector's candidates, after the layout pass: input `images` float32 `[N, C, H, W]`, N a number or
 * 'N'; outputs `boxes` float32 `[N, K, 4]`, `scores` float32 `[N, K]` from 0 to 1, `labels` int32 `[N, K]`, and for a
 * detector with masks `masks` float32 `[N, K, side, side]` from 0 to 1
 * @throws NatsError `shape` for a program with other ends, `state` for missing or wrong values, `attribute` for classes,
 * statistics or thresholds that do not fit, and a scheme that the program was not built with; `state` for a weight that float16 does not reach
 */
export function encodeDetector(program: Program, options: EncodeDetectorOptions): Uint8Array {
  const { name = 'detector', metadata = {}, precision } = options;
  const ends = detectorEnds(program);
  const convention = conventionOf(ends, options);
  checkConvention(convention);
  if (options.scheme !== undefined) checkScheme(program, options.scheme);
  const folded = foldBatchNorm(program, options.values);
  checkValues(folded.program, folded.values);
  checkComplete(folded.program, folded.values);

  const builder = createOnnxBuilder();
  const outputs = outputTypes(convention, ends.batch);
  for (const reserved of [convention.input.name, ...outputs.keys(), ...folded.program.variables.keys()]) {
    builder.fresh(reserved);
  }
  writeGraph(builder, folded, convention, options.lowerings);
  return encodeModel(builder, {
    name,
    inputs: new Map([[convention.input.name, inputType(convention, ends.batch)]]),
    outputs,
    notes: { [convention.input.name]: AT_LEAST_ONE },
    ...(precision && { precision }),
    metadata: { ...metadata, ...conventionMetadata(convention) },
  });
}

/** In the file itself, for whoever runs it: a guard in the graph would come after what fails. */
const AT_LEAST_ONE = 'A batch has at least one image (N >= 1): onnxruntime ends its process for an empty one.';

interface DetectorEnds {
  readonly batch: Dimension;
  readonly channels: number;
  readonly size: readonly [number, number];
  readonly candidates: number;
  /** Of masks. */
  readonly side?: number;
}

function detectorEnds({ inputs, outputs, updates }: Program): DetectorEnds {
  const [images, boxes, scores, labels] = [inputs.get('images'), ...OUTPUTS.map((output) => outputs.get(output))];
  const masks = outputs.get('masks');
  const fits =
    inputs.size === 1 &&
    outputs.size === OUTPUTS.length + (masks ? 1 : 0) &&
    updates.size === 0 &&
    is(images, 'float32', 4) &&
    is(boxes, 'float32', 3) &&
    is(scores, 'float32', 2) &&
    is(labels, 'int32', 2) &&
    [images.shape[0], scores.shape[1], 4].every((dimension, axis) => boxes.shape[axis] === dimension) &&
    [scores, labels].every(({ shape }) => shape.every((dimension, axis) => dimension === boxes.shape[axis])) &&
    (!masks || (is(masks, 'float32', 4) && areOf(masks, boxes)));
  check(fits, 'shape', () => ({
    rule:
      'the program of a detector takes images float32 [N, C, H, W] and gives boxes float32 [N, K, 4], ' +
      'scores float32 [N, K] and labels int32 [N, K], perhaps masks float32 [N, K, side, side]',
    received: [...inputs, ...outputs].map(([end, tensor]) => `${end} ${formatType(tensor)}`).join(', '),
  }));
  const [batch, channels, height, width] = images.shape as [Dimension, number, number, number];
  return {
    batch,
    channels,
    size: [height, width],
    candidates: scores.shape[1] as number,
    ...(masks && { side: masks.shape[2] as number }),
  };
}

/** Squares, one for each box. */
function areOf({ shape: [n, k, height, width] }: Tensor, boxes: Tensor): boolean {
  return n === boxes.shape[0] && k === boxes.shape[1] && height === width;
}

const OUTPUTS = ['boxes', 'scores', 'labels'] as const;

function is(tensor: Tensor | undefined, dtype: string, rank: number): tensor is Tensor {
  return tensor?.dtype === dtype && tensor.shape.length === rank;
}

function conventionOf(
  { channels, size, candidates, side }: DetectorEnds,
  options: EncodeDetectorOptions,
): DetectorConvention {
  const { preprocessing, suppression = true, padValue = DEFAULT_PAD_VALUE, scheme, precision } = options;
  const thresholds = { ...DEFAULT_THRESHOLDS, ...options.thresholds };
  return {
    classes: options.classes,
    input: {
      name: 'images',
      preprocessing: preprocessing ? 'model' : 'caller',
      dtype: preprocessing ? 'uint8' : 'float32',
      layout: preprocessing ?? 'NCHW',
      channels,
      size,
      letterbox: { padValue },
      statistics: options.statistics,
    },
    output: {
      kind: suppression ? 'detections' : 'candidates',
      count: suppression ? Math.min(thresholds.maxDetections, candidates) : candidates,
      // Suppression comes before boxes are cut at the image's border, which makes overlaps larger: so it does for the caller.
      pixels: preprocessing && suppression ? 'image' : 'canvas',
      ...(side !== undefined && { masks: { side } }),
    },
    thresholds,
    ...(precision === 'float16' && { precision }),
    tool: options.tool,
    ...(scheme !== undefined && { scheme }),
  };
}

function checkComplete(program: Program, values: ReadonlyMap<string, TensorData>): void {
  const missing = [...program.variables.keys()].filter((variable) => !values.has(variable));
  check(missing.length === 0, 'state', () => ({
    rule: 'every weight of a detector has a value',
    received: `none for ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}`,
  }));
}

function inputType({ input }: DetectorConvention, batch: Dimension): ValueType {
  const { dtype, layout, channels, size, preprocessing } = input;
  const sides = preprocessing === 'model' ? ['H', 'W'] : size;
  return { dtype, shape: layout === 'NHWC' ? [batch, ...sides, channels] : [batch, channels, ...sides] };
}

function outputTypes({ output: { kind, count, masks } }: DetectorConvention, batch: Dimension): Map<string, ValueType> {
  const types: [string, ValueType][] =
    kind === 'detections'
      ? [
          ['detections', { dtype: 'float32', shape: [batch, count, 6] }],
          ['valid', { dtype: 'bool', shape: [batch, count] }],
        ]
      : [
          ['boxes', { dtype: 'float32', shape: [batch, count, 4] }],
          ['scores', { dtype: 'float32', shape: [batch, count] }],
          ['labels', { dtype: 'int32', shape: [batch, count] }],
        ];
  if (masks) types.push(['masks', { dtype: 'float32', shape: [batch, count, masks.side, masks.side] }]);
  return new Map(types);
}

/** Prologue, network, epilogue. */
function writeGraph(
  builder: OnnxBuilder,
  { program, values }: { readonly program: Program; readonly values: ReadonlyMap<string, TensorData> },
  { input, output, thresholds, classes }: DetectorConvention,
  lowerings: Lowerings = [],
): void {
  const prologue = input.preprocessing === 'model' ? lowerPreprocessing(builder, input.name, input) : undefined;
  const suppressed = output.kind === 'detections';
  const names: CandidateNames = {
    boxes: suppressed ? builder.fresh('candidates/boxes') : 'boxes',
    scores: suppressed ? builder.fresh('candidates/scores') : 'scores',
    labels: suppressed ? builder.fresh('candidates/labels') : 'labels',
    ...(output.masks && { masks: suppressed ? builder.fresh('candidates/masks') : 'masks' }),
  };
  const ends = { inputs: { images: prologue?.canvas ?? input.name }, outputs: { ...names } };
  writeProgram(builder, program, ends, values, lowerings);
  if (!suppressed) return;
  const kept = lowerSuppression(builder, names, { ...thresholds, maxDetections: output.count }, classes.length);
  const boxes = prologue ? lowerToImage(builder, kept.boxes, prologue.geometry, !output.masks) : kept.boxes;
  lowerDetections(builder, { ...kept, boxes }, { detections: 'detections', valid: 'valid', masks: 'masks' });
}
