export {
  type DrawnObjects,
  type DrawOptions,
  drawComparison,
  drawnRecord,
  drawObjects,
  drawPng,
} from './draw-objects.js';
