export { type ConfigSource, type FlagNames, loadConfig, parseConfig } from './config/load-config.js';
export { nearest } from './config/nearest.js';
export { type Overrides, parseAssignment, withOverrides } from './config/overrides.js';
export { CONFIG_FILE, type Config, type ConfigInput, configJsonSchema, SCHEMA_FILE } from './config/schema.js';
export { BACKBONE_NAMES, SMALL } from './config/sections/backbone.js';
export { ENGINES } from './config/sections/engine.js';
export { failureText } from './failure-text.js';
export { expectFile } from './files/expect-file.js';
export { readJson } from './files/read-json.js';
export { writeAtomic, writeJson } from './files/write-atomic.js';
export { Interrupted, type InterruptedOptions } from './interrupted.js';
export { type ExportedSession, type NetworkBuilder, openExported } from './latency/exported-session.js';
export {
  type MeasuredNetwork,
  type MeasureLatencyOptions,
  measureLatency,
} from './latency/measure-latency.js';
export { type DescribedModel, describeModel, modelText } from './model/describe-model.js';
export { configRuntime, MODEL_ENGINES, type ModelRuntime, modelRuntime } from './model/model-engines.js';
export { modelFile } from './model/model-file.js';
export { noise } from './model/noise.js';
export { type OpenDetector, openDetector } from './model/open-detector.js';
export { NEXT } from './next-step.js';
export { type Progress, timeLeft } from './progress.js';
export { commandOf } from './run/command-line-of.js';
export { logCommand, readCommands, readEnvironment } from './run/command-log.js';
export { lastMetrics } from './run/metrics.js';
export { rankLog } from './run/rank-log.js';
export { isRun, readRun } from './run/run-directory.js';
export { RUN_FILES } from './run/run-files.js';
export { withInterruption } from './run/with-interruption.js';
export { agreementText } from './steps/agreement-text.js';
export { BACKBONE } from './steps/backbone.js';
export { accuracyOf, benchModels, benchTable, type ModelLatency } from './steps/bench.js';
export { benchRuns } from './steps/bench-runs.js';
export { type ComparedDetector, type ComparisonTableOptions, comparisonTable } from './steps/comparison-table.js';
export type { StepContext } from './steps/context.js';
export { datasetText } from './steps/dataset-text.js';
export { readDatasets } from './steps/datasets.js';
export { decode, latencyTableOf, predictionText, readLatencyTable, writeScheme } from './steps/decode.js';
export { type EvaluationFile, evaluate, evaluationFile, evaluationText, readEvaluation } from './steps/evaluate.js';
export { evaluateModel } from './steps/evaluate-model.js';
export { candidatesProgram } from './steps/export.js';
export { latencyText, type MeasureRunOptions, measureConfig } from './steps/latency.js';
export { openEngine } from './steps/open-engine.js';
export { openTrainedRun, readScheme, runConfig, type TrainedRun } from './steps/open-run.js';
export { patternsOf, readPatterns } from './steps/pattern-files.js';
export { isFirst } from './steps/ranks.js';
export {
  coverageText,
  effectiveFieldSide,
  type ReceptiveCoverage,
  receptiveCoverage,
} from './steps/receptive-coverage.js';
export { reportData } from './steps/report.js';
export {
  claim,
  exportRun,
  pretrainRun,
  searchRun,
  type TrainRunOptions,
  trainRun,
  verifyRun,
} from './steps/runs.js';
export { readArchitecture, search, searchOptions } from './steps/search.js';
export { suggestedSettings } from './steps/suggested-settings.js';
export { detectorSpec, openTask, searchedBackbone, spaceOf, type Task, taskObjective } from './steps/task.js';
export { detectorPhases } from './steps/training-phases.js';
export { inWordsOfConfig, type LocateOptions, locateWeights, pretrainedWeights } from './steps/weights.js';
export { writeReport } from './steps/write-report.js';
export {
  type CollectedMetric,
  type CollectedSweep,
  type CollectedVariant,
  collectMarkdown,
  collectSweep,
  hasBegun,
  loadSweep,
  planSweep,
  queuedTasks,
  readFailure,
  runSweep,
  runSweepTask,
  type SubmittedArray,
  type Sweep,
  type SweepOutcome,
  type SweepTask,
  type SweepVariant,
  submitSweep,
  sweepJsonSchema,
  sweepRuns,
  type TaskState,
  taskStates,
} from './sweep/index.js';
export { textTable } from './text-table.js';
export { UsageError } from './usage-error.js';
export { VERSION } from './version.js';
export { type Watch, watchRuns } from './watch/watch-runs.js';
