/**
 * Overlap of detections with objects, `[detections, objects]`: intersection over union, and over the detection's own area
 * where the object is a crowd (pycocotools, bbIou in maskApi.c). Boxes are x, y, width, height, four numbers each.
 */
export function boxOverlaps(detections: Float64Array, objects: Float64Array, crowd: ArrayLike<number>): Float64Array {
  const [rows, columns] = [detections.length / 4, objects.length / 4];
  const overlaps = new Float64Array(rows * columns);
  for (let g = 0; g < columns; g++) {
    const [gx, gy, gw, gh] = [objects[g * 4]!, objects[g * 4 + 1]!, objects[g * 4 + 2]!, objects[g * 4 + 3]!];
    const objectArea = gw * gh;
    for (let d = 0; d < rows; d++) {
      const [dx, dy, dw, dh] = [
        detections[d * 4]!,
        detections[d * 4 + 1]!,
        detections[d * 4 + 2]!,
        detections[d * 4 + 3]!,
      ];
      const width = Math.min(dw + dx, gw + gx) - Math.max(dx, gx);
      if (width <= 0) continue;
      const height = Math.min(dh + dy, gh + gy) - Math.max(dy, gy);
      if (height <= 0) continue;
      const intersection = width * height;
      const area = dw * dh;
      overlaps[d * columns + g] = intersection / (crowd[g] ? area : area + objectArea - intersection);
    }
  }
  return overlaps;
}
