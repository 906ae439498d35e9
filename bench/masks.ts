import {
  areaRanges,
  type CocoDetection,
  cocoGroundTruth,
  cocoMask,
  evaluateDetections,
  loadMnist,
  maskFeeds,
  mnistDetection,
  pasteMask,
  projectMasks,
  segmentationMask,
  summarize,
} from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createProgram, input, tensorData } from '@nats/graph';
import { loadConfig } from '@nats/pipeline';
import { type BenchResult, option } from './lib/bench.js';

const SIDES = [14, 28, 56];
const IMAGE = 128;

/**
 * What a mask head could reach on MNIST-detection at most: the masks themselves, projected on their own boxes as the loss
 * does, and pasted back as detections are. COCO's AP of masks, for heads of several resolutions.
 *
 * `npm run bench -- masks [--test 500]`
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const { evaluate } = await loadConfig({ file: 'apps/cli/demo.config.json' });
  const digits = await loadMnist('test');
  const dataset = mnistDetection({ digits, size: option(args, 'test', 500), seed: 1, masks: true });
  const truth = cocoGroundTruth(dataset);
  const size = { height: IMAGE, width: IMAGE };
  const engine = onnxruntimeEngine({ threads: 1 });
  const state = await engine.createState(new Map(), new Map());
  const rows: Record<string, string | number>[] = [];
  for (const side of SIDES) {
    const projection = await engine.compile(
      createProgram({
        outputs: {
          inside: projectMasks(
            input('masks', 'bool', [1, 1, IMAGE, IMAGE]),
            input('boxes', 'float32', [1, 1, 4]),
            input('matched', 'int32', [1, 1]),
            side,
          ),
        },
      }),
    );
    const results: CocoDetection[] = [];
    for (const { image_id, category_id, bbox, segmentation } of truth.annotations) {
      const [x, y, width, height] = bbox;
      const box = [x, y, x + width, y + height] as const;
      const { inside } = await projection.run(state, {
        ...maskFeeds([[segmentationMask(segmentation!, size)]], 1, [IMAGE, IMAGE]),
        boxes: tensorData('float32', [1, 1, 4], box),
        matched: tensorData('int32', [1, 1], [0]),
      });
      const pasted = pasteMask(inside!.data, box, IMAGE, IMAGE);
      results.push({ image_id, category_id, score: 1, segmentation: cocoMask(pasted) });
    }
    const ranges = { areaRanges: areaRanges(...evaluate.sizes) };
    const { named } = summarize(evaluateDetections(truth, results, { ...ranges, iouType: 'segm' }));
    const percent = Object.entries(named).map(([name, value]) => [`segm/${name}`, value * 100]);
    const chosen = percent.filter(([name]) => /AP(50|75|small|medium|large)?$/.test(String(name)));
    rows.push({ 'mask side': side, ...Object.fromEntries(chosen) });
  }
  await engine.dispose();
  return { name: 'masks', rows, ratios: {}, samples: {} };
}
