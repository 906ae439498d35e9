export { type BackboneCostOptions, backboneCosts } from './backbone-costs.js';
export { type Costs, type LayerCost, programCosts } from './costs.js';
export {
  type EffectiveReceptiveField,
  type EffectiveReceptiveFieldOptions,
  effectiveReceptiveFields,
} from './effective-receptive-field.js';
