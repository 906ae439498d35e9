export { schemeBuilder } from './scheme-builder.js';
