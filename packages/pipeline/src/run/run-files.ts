/** Names of the files in a run directory. */
export const RUN_FILES = {
  run: 'run.json',
  config: 'config.json',
  environment: 'environment.json',
  commands: 'commands.jsonl',
  metrics: 'metrics.jsonl',
  checkpoints: 'checkpoints',
  weights: 'weights.safetensors',
  architecture: 'architecture.json',
  scheme: 'scheme.json',
  evaluation: 'evaluation.json',
  detections: 'detections.json',
  masks: 'masks.json',
  model: 'model.onnx',
  verification: 'verification.json',
  latency: 'latency.json',
  report: 'report.html',
} as const;
