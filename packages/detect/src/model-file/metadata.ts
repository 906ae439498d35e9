import { readModel } from '@nats/export';
import { malformed, NatsError } from '@nats/graph';
import { checkConvention } from './check-convention.js';
import type { DetectionThresholds, DetectorConvention, DetectorInput, DetectorOutput } from './convention.js';

/** The value of the metadata's `format`: changes when older readers would misunderstand. */
export const DETECTOR_FORMAT = 'nats detector 1';

/** A convention as entries of a model's metadata_props: text, and JSON. */
export function conventionMetadata(convention: DetectorConvention): Record<string, string> {
  const { classes, input, output, thresholds, tool, scheme, precision } = convention;
  return {
    format: DETECTOR_FORMAT,
    tool,
    classes: JSON.stringify(classes),
    input: JSON.stringify(input),
    output: JSON.stringify(output),
    thresholds: JSON.stringify(thresholds),
    ...(precision !== undefined && { precision: JSON.stringify(precision) }),
    ...(scheme !== undefined && { scheme }),
  };
}

/**
 * Everything that is needed to detect with a file that `encodeDetector` wrote, from the file alone.
 * @param file its name, for messages
 * @throws NatsError `malformed` for bytes that are no such file, `unsupported` for one of another version
 */
export function readDetectorMetadata(bytes: Uint8Array, file = 'the model'): DetectorConvention {
  const { metadata } = readModel(bytes, file);
  const { format } = metadata;
  if (format === undefined || !format.startsWith('nats detector ')) {
    throw malformed(file, 'metadata format', {
      rule: 'a detector describes itself in its metadata',
      received: format ?? 'none',
      limit: `${DETECTOR_FORMAT}: a file that encodeDetector wrote`,
    });
  }
  if (format !== DETECTOR_FORMAT) {
    throw new NatsError('unsupported', {
      rule: 'a detector is of a version that this one reads',
      received: format,
      limit: DETECTOR_FORMAT,
      where: file,
    });
  }
  const field = <T>(key: string, is: (value: unknown) => value is T) => parseField(metadata, key, is, file);
  const convention: DetectorConvention = {
    classes: field('classes', isTexts),
    input: field('input', isInput),
    output: field('output', isOutput),
    thresholds: field('thresholds', isThresholds),
    ...(metadata.precision !== undefined && { precision: field('precision', isPrecision) }),
    tool: metadata.tool ?? '',
    ...(metadata.scheme !== undefined && { scheme: metadata.scheme }),
  };
  try {
    checkConvention(convention);
  } catch (error) {
    if (!(error instanceof NatsError)) throw error;
    const { where: _, ...details } = error.details;
    throw malformed(file, 'metadata', details);
  }
  return convention;
}

function parseField<T>(
  metadata: Readonly<Record<string, string>>,
  key: string,
  is: (value: unknown) => value is T,
  file: string,
): T {
  const text = metadata[key];
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    value = undefined;
  }
  if (is(value)) return value;
  throw malformed(file, `metadata ${key}`, {
    rule: `a detector's ${key} is what encodeDetector writes`,
    received: text === undefined ? 'none' : text.slice(0, 200),
  });
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'number');
const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');
const isCount = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
const oneOf = (value: unknown, ...known: readonly string[]) => known.includes(value as string);

function isInput(value: unknown): value is DetectorInput {
  if (!isObject(value)) return false;
  const { name, preprocessing, dtype, layout, channels, size, letterbox, statistics } = value;
  return (
    typeof name === 'string' &&
    oneOf(preprocessing, 'model', 'caller') &&
    oneOf(dtype, 'uint8', 'float32') &&
    oneOf(layout, 'NCHW', 'NHWC') &&
    isCount(channels) &&
    isNumbers(size) &&
    size.length === 2 &&
    size.every(isCount) &&
    isObject(letterbox) &&
    typeof letterbox.padValue === 'number' &&
    isObject(statistics) &&
    isNumbers(statistics.mean) &&
    isNumbers(statistics.deviation)
  );
}

function isOutput(value: unknown): value is DetectorOutput {
  return (
    isObject(value) &&
    oneOf(value.kind, 'detections', 'candidates') &&
    isCount(value.count) &&
    oneOf(value.pixels, 'image', 'canvas') &&
    (value.masks === undefined || (isObject(value.masks) && isCount(value.masks.side)))
  );
}

const isPrecision = (value: unknown): value is 'float16' => value === 'float16';

function isThresholds(value: unknown): value is DetectionThresholds {
  const keys = ['scoreThreshold', 'iouThreshold', 'maxDetections'];
  return isObject(value) && keys.every((key) => typeof value[key] === 'number');
}
