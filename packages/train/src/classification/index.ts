export { type ClassificationOptions, classification } from './classification.js';
export { type ClassifierNetwork, type ClassifierProgramOptions, classifierProgram } from './classifier-program.js';
