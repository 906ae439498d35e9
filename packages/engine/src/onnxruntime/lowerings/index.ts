import type { LoweringTable } from '@nats/export';

/** Where onnxruntime has a faster way than the portable lowering. */
export const engineLowerings: LoweringTable = {};
