import { z } from 'zod';
import { ascending, positive, share, whole } from './fields.js';

export const evaluateSchema = z
  .strictObject({
    sizes: ascending().default([32, 96]).describe('sides in pixels that part small, medium and large objects (COCO)'),
    scoreThreshold: share().default(0.05).describe('detections below are dropped (torchvision)'),
    iouThreshold: share().default(0.5).describe('of non-maximum suppression (torchvision)'),
    maxDetections: whole().default(100).describe('most detections of an image, those of the highest scores (COCO)'),
    batchSize: whole().default(16).describe('images at a time'),
  })
  .prefault({})
  .describe('how detectors are evaluated');

export const exportSchema = z
  .strictObject({
    preprocessing: z
      .boolean()
      .default(true)
      .describe('letterbox and normalization in the file: uint8 images of any size go in'),
    layout: z.enum(['NHWC', 'NCHW']).default('NHWC').describe('of these images; NHWC is as they are decoded'),
    suppression: z.boolean().default(true).describe('non-maximum suppression in the file: detections come out'),
    precision: z
      .enum(['float32', 'float16'])
      .default('float32')
      .describe('of weights and activations; images and detections are the same in both'),
    verifyImages: whole().default(32).describe('images on which a written file is compared with what was trained'),
    tolerance: positive()
      .optional()
      .describe(
        "largest difference: scores as a part of the largest score, boxes as a part of the image's side; " +
          'default 0.001, and 0.02 of float16 (masks 0.05)',
      ),
    unmatched: share()
      .optional()
      .describe(
        'largest share of detections that only one of them has, as suppression may decide either way at its threshold; ' +
          'default 0.01, and 0.02 of float16',
      ),
  })
  .prefault({})
  .describe('how detectors become ONNX files');
