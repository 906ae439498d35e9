import type { ReportBox } from './report-data.js';

/** What became of each box: the picture's and the text's grounds. */
export interface Matched {
  /** Detections of the right class that overlap an object of their own. */
  readonly right: readonly ReportBox[];
  readonly wrong: readonly ReportBox[];
  /** Objects that no detection found. */
  readonly missed: readonly ReportBox[];
}

/** Overlap from which a box counts as found: AP50's. */
export const FOUND_IOU = 0.5;

/** Best scores first, each takes the free object of its class that it overlaps most, as COCO's evaluation does. */
export function matchBoxes(detections: readonly ReportBox[], truth: readonly ReportBox[]): Matched {
  const free = new Set(truth);
  const right: ReportBox[] = [];
  const wrong: ReportBox[] = [];
  for (const detection of [...detections].sort((a, b) => (b.score ?? 1) - (a.score ?? 1))) {
    let [best, overlap]: [ReportBox | undefined, number] = [undefined, FOUND_IOU];
    for (const object of free) {
      if (object.label !== detection.label) continue;
      const iou = boxIou(object.box, detection.box);
      if (iou >= overlap) [best, overlap] = [object, iou];
    }
    if (best) free.delete(best);
    (best ? right : wrong).push(detection);
  }
  return { right, wrong, missed: [...free] };
}

type Box = ReportBox['box'];

function boxIou(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = (box: Box) => (box[2] - box[0]) * (box[3] - box[1]);
  return (width * height) / (area(a) + area(b) - width * height);
}
