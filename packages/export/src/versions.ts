/**
 * The one place that pins the format. Opset 17 and IR 8 are what ONNX 1.12 checks and what every onnxruntime since
 * 1.12 runs, so that exported files load in the runtimes that users already have.
 */
export const OPSET_VERSION = 17;
/** Of ONNX's file format. */
export const IR_VERSION = 8;
/** Named in the files as what wrote them. */
export const PRODUCER = '@nats/export';
