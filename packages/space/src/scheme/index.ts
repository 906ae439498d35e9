export * from './compare.js';
export { MAX_SCHEME_TEXT, SCHEME_FORMAT, SCHEME_VERSION, schemeFromJson, schemeToJson } from './json.js';
export * from './pattern-file.js';
export * from './scheme.js';
export * from './summary.js';
