export { type DivisionModel, divisionModel } from './division-model.js';
export {
  checkLatencyTable,
  type ExpectedLatency,
  type LatencyShape,
  type LatencyStage,
  type LatencyTable,
  type LatencyTarget,
  latencyTableFromJson,
  latencyTableToJson,
  type MeasuredDivision,
} from './latency-table.js';
export { type LatencyPrediction, predictLatency, shapesBySite } from './predict-latency.js';
