export { layoutPass } from './layout-pass.js';
