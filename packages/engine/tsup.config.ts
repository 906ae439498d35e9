import { packageBuild } from '../../tsup.shared.js';

export default packageBuild([
  'src/index.ts',
  'src/onnxruntime/index.ts',
  'src/onnxruntime-web/index.ts',
  'src/tfjs/index.ts',
]);
