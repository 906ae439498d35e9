export { type CollectedMetric, type CollectedSweep, type CollectedVariant, collectSweep } from './collect.js';
export { collectMarkdown } from './collect-markdown.js';
export { loadSweep, type Sweep, type SweepVariant } from './load-sweep.js';
export { planSweep, type SweepTask } from './plan.js';
export { runSweep, type SweepOutcome } from './run-local.js';
export { queuedTasks, type SubmittedArray, submitSweep } from './run-slurm.js';
export { runSweepTask } from './run-task.js';
export { sweepJsonSchema } from './sweep-schema.js';
export { hasBegun, readFailure, type TaskState, taskStates } from './task-state.js';
