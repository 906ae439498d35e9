import { z } from 'zod';
import { whole } from './fields.js';

export const engineSchema = z
  .strictObject({
    threads: whole().default(2).describe('inside an operation; the number is pinned because it can change last bits'),
    providers: z
      .array(z.enum(['cpu', 'cuda', 'webgpu', 'coreml', 'dml']))
      .min(1)
      .default(['cpu'])
      .describe("onnxruntime's, in order of preference; only cpu is tested"),
  })
  .prefault({})
  .describe('who computes');

export type EngineSettings = z.output<typeof engineSchema>;
