export { type EvaluateOptions, evaluateObjective } from './evaluate.js';
export * from './events.js';
export { NotFiniteError } from './not-finite.js';
export type { CheckpointOptions, EvaluationOptions, TrainingOptions } from './options.js';
export type { CompiledUpdate, Phase, UpdateMaker } from './phase.js';
export { createProgramCache, type ProgramCache } from './program-cache.js';
export { createTraining, type Training } from './training.js';
