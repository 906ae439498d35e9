import { TFJS_BACKENDS } from '@nats/engine/tfjs';
import { z } from 'zod';
import { whole } from './fields.js';

/** Those that Node can run. */
export const ENGINES: readonly string[] = [
  'onnxruntime',
  'onnxruntime:webgpu',
  'onnxruntime:cuda',
  'auto',
  'onnxruntime-web',
  'tfjs',
  ...TFJS_BACKENDS.map((backend) => `tfjs:${backend}`),
];

const NATIVE = 'onnxruntime';

export const engineSchema = z
  .strictObject({
    name: z
      .enum(ENGINES)
      .default(NATIVE)
      .describe(
        'onnxruntime:webgpu is any GPU, auto that where there is one; others need packages of their own, which nats doctor names; tfjs is its best backend that is installed',
      ),
    threads: whole()
      .default(2)
      .describe('intra-op threads of onnxruntime; pinned because the number can change last bits'),
    providers: z
      .array(z.enum(['cpu', 'cuda', 'webgpu', 'coreml', 'dml']))
      .min(1)
      .default(['cpu'])
      .describe("onnxruntime's, in order of preference; the name onnxruntime:webgpu is short for webgpu and cpu"),
    fallback: z
      .boolean()
      .default(true)
      .describe(
        "whether onnxruntime's first provider may leave nodes without a kernel to the CPU, with a copy there and back; false refuses such programs",
      ),
  })
  .refine(({ name, providers }) => name === NATIVE || providers.join() === 'cpu', {
    path: ['providers'],
    error: 'are those of onnxruntime; with another engine leave them out',
  })
  .prefault({})
  .describe('who computes');

export type EngineSettings = z.output<typeof engineSchema>;
