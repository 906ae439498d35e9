export { type AccumulationPrograms, accumulationSteps } from './accumulation.js';
export type { UpdateOptions } from './apply-gradients.js';
export { type AverageOptions, averageDecay, averagedValues, initialAverages } from './average.js';
export { frozenNormalization, type GradientOptions } from './loss-scope.js';
export { type RecalibrateOptions, recalibrate } from './recalibrate.js';
export { gradientStep, type StepOptions, type StepProgram, trainingStep } from './training-step.js';
