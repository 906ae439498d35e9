import { type Config, type ConfigInput, type Overrides, parseConfig, withOverrides } from '@nats/pipeline';
import demo from '../../demo.config.json' with { type: 'json' };

/** Shows that everything works, in about two minutes on two cores that have nothing else to do. */
const QUICK: Overrides = {
  'data.train': 3_000,
  'data.val': 300,
  'pretrain.steps': 150,
  'pretrain.warmUp': 20,
  'pretrain.data.images': 4_000,
  'search.steps': 90,
  'search.start': 30,
  'search.custom.warmUp': 20,
  'train.steps': 150,
  'train.custom.warmUp': 20,
  'export.verifyImages': 32,
};

/**
 * The demonstration as the other commands would be given it: `demo.config.json`, which `npm run evidence` reads too. What is
 * tuned in it was tuned on seeds below 10. The detector's receptive field is 87 pixels, less than the largest digits have: the
 * condition under which dilation helps. docs/evidence.md has heads that see more, whose AP is higher and to which dilation
 * has less to add.
 */
export function demoConfig(quick: boolean, engine: ConfigInput['engine'] = {}, overrides: Overrides = {}): Config {
  return parseConfig(withOverrides({ ...demo, engine }, { ...(quick ? QUICK : {}), ...overrides }), 'demo.config.json');
}
