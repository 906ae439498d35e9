/** Names of the files in a run directory. */
export const RUN_FILES = {
  run: 'run.json',
  config: 'config.json',
  environment: 'environment.json',
  commands: 'commands.jsonl',
  metrics: 'metrics.jsonl',
  tensorboard: 'tensorboard',
  checkpoints: 'checkpoints',
  weights: 'weights.safetensors',
  architecture: 'architecture.json',
  scheme: 'scheme.json',
  evaluation: 'evaluation.json',
  detections: 'detections.json',
  /** What was detected in the last evaluation on the way, as far as it is shown. */
  recent: 'recent-detections.json',
  masks: 'masks.json',
  model: 'model.onnx',
  verification: 'verification.json',
  latency: 'latency.json',
  report: 'report.html',
} as const;
