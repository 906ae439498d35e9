import { TIMM_MOBILENET_V2 } from './mobilenet-rules.js';
import { PYCLS_REGNET, TIMM_REGNET } from './regnet-rules.js';
import type { MapRule } from './rules.js';

/**
 * Conventions of other libraries, each mapped to torchvision's names (`conv1.weight`, `bn1.running_mean`,
 * `layer1.0.conv2.weight`, `layer1.0.downsample.0.weight`, `fc.weight`; RegNets and MobileNetV2 have their own).
 */
export type RuleSetName =
  | 'none'
  | 'torchvision'
  | 'torchvision-sequential'
  | 'timm'
  | 'cifar-resnet'
  | 'transformers'
  | 'paddle'
  | 'torchvision-detector'
  | 'torchvision-retinanet'
  | 'timm-regnet'
  | 'pycls-regnet'
  | 'timm-mobilenetv2'
  | 'detectron2'
  | 'detectron2-rgb'
  | 'caffe2'
  | 'caffe2-rgb';

/** A named set of rules that lead from a tool's names to those of a network. */
export interface RuleSet {
  readonly rules: readonly MapRule[];
  /**
   * Norms may come as scale and shift alone, statistics merged into them. Missing running statistics are then filled so
   * that a batch norm is that affine map: mean 0, variance 1 - eps (detectron2's FrozenBatchNorm2d).
   */
  readonly fillsNorms: boolean;
}

/** Wrappers around a whole model: DataParallel, torch.compile. */
const UNWRAP: MapRule = { match: /^(?:module\.|_orig_mod\.)+/, replace: '' };

/** Where detectors and self-supervised trainers keep a backbone: torchvision, mmdetection, MoCo-like, Lightning. */
const BACKBONE: MapRule = { match: /^(?:backbone\.body|backbone|encoder|model|net|resnet)\./, replace: '' };

const TORCHVISION: readonly MapRule[] = [UNWRAP, BACKBONE];

/** `nn.Sequential(*resnet.children())`, as Lightly's tutorials and many others cut the head off: modules by their number. */
const TORCHVISION_SEQUENTIAL: readonly MapRule[] = [
  UNWRAP,
  { match: /^0\./, replace: 'conv1.' },
  { match: /^1\./, replace: 'bn1.' },
  // 2 and 3 are the ReLU and the pool, 8 is the pool at the end.
  ...[1, 2, 3, 4].map((layer) => ({ match: new RegExp(`^${layer + 3}\\.`), replace: `layer${layer}.` })),
  { match: /^9\./, replace: 'fc.' },
];

/** timm's ResNets are named as torchvision's; only heads differ. */
const TIMM: readonly MapRule[] = [...TORCHVISION, { match: /^(?:last_linear|head\.fc|classifier)\./, replace: 'fc.' }];

/** The widespread CIFAR ResNets (akamaster/pytorch_resnet_cifar10 and kin); option B shortcuts are a Sequential. */
const CIFAR: readonly MapRule[] = [
  ...TORCHVISION,
  { match: /^linear\./, replace: 'fc.' },
  { match: /\.shortcut\.([01])\./, replace: '.downsample.$1.' },
];

/** Hugging Face's transformers (ResNetForImageClassification): counted stages and layers, a classifier at place 1. */
const TRANSFORMERS: readonly MapRule[] = [
  UNWRAP,
  { match: /^resnet\./, replace: '' },
  { match: /^embedder\.embedder\.convolution\./, replace: 'conv1.' },
  { match: /^embedder\.embedder\.normalization\./, replace: 'bn1.' },
  { match: /^classifier\.1\./, replace: 'fc.' },
  ...[0, 1, 2, 3].map((stage) => ({
    match: new RegExp(`^encoder\\.stages\\.${stage}\\.layers\\.`),
    replace: `layer${stage + 1}.`,
  })),
  { match: /\.shortcut\.convolution\./, replace: '.downsample.0.' },
  { match: /\.shortcut\.normalization\./, replace: '.downsample.1.' },
  ...[0, 1, 2].flatMap((layer): MapRule[] => [
    { match: new RegExp(`\\.layer\\.${layer}\\.convolution\\.`), replace: `.conv${layer + 1}.` },
    { match: new RegExp(`\\.layer\\.${layer}\\.normalization\\.`), replace: `.bn${layer + 1}.` },
  ]),
];

/** paddle.vision's ResNets, whose modules are named as torchvision's; norms have their statistics under other names. */
const PADDLE: readonly MapRule[] = [
  ...TORCHVISION,
  { match: /\._mean$/, replace: '.running_mean' },
  { match: /\._variance$/, replace: '.running_var' },
];

/**
 * Names that torchvision's detectors had when their first COCO checkpoints were published, which it renames as it loads
 * them: a convolution that is now a block (`_load_from_state_dict` of FeaturePyramidNetwork, RPNHead and MaskRCNNHeads).
 */
const TORCHVISION_DETECTOR: readonly MapRule[] = [
  UNWRAP,
  { match: /^(backbone\.fpn\.(?:inner|layer)_blocks\.\d+)\.(weight|bias)$/, replace: '$1.0.$2' },
  { match: /^rpn\.head\.conv\.(weight|bias)$/, replace: 'rpn.head.conv.0.0.$1' },
  ...[1, 2, 3, 4].map((layer) => ({
    match: new RegExp(`^roi_heads\\.mask_head\\.mask_fcn${layer}\\.`),
    replace: `roi_heads.mask_head.${layer - 1}.0.`,
  })),
];

/** The same of RetinaNet's towers, where every second module was a ReLU (RetinaNetClassificationHead). FCOS still counts so. */
const TORCHVISION_RETINANET: readonly MapRule[] = [
  ...TORCHVISION_DETECTOR,
  ...[0, 1, 2, 3].map((layer) => ({
    match: new RegExp(`^(head\\.(?:classification|regression)_head\\.conv)\\.${2 * layer}\\.(weight|bias)$`),
    replace: `$1.${layer}.0.$2`,
  })),
];

/** detectron2: stages res2 to res5, each norm inside its convolution (tools/convert-torchvision-to-d2.py, inverted). */
function detectron2(bgr: boolean): MapRule[] {
  return [
    UNWRAP,
    { match: /^(?:backbone\.bottom_up|backbone|bottom_up)\./, replace: '' },
    { match: /^stem\.conv1\.norm\./, replace: 'bn1.' },
    firstConvolution(/^stem\.conv1\./, 'conv1.', bgr),
    { match: /^(?:stem\.fc|linear)\./, replace: 'fc.' },
    ...stages(/\./, '.'),
    { match: /\.conv([123])\.norm\./, replace: '.bn$1.' },
    { match: /\.shortcut\.norm\./, replace: '.downsample.1.' },
    { match: /\.shortcut\./, replace: '.downsample.0.' },
  ];
}

/** Caffe2 blobs of the original Detectron and the MSRA ResNets (detectron2's c2_model_loading.py). */
function caffe2(bgr: boolean): MapRule[] {
  return [
    { match: /_momentum$/, replace: null },
    { match: /^res_conv1_bn_/, replace: 'bn1.' },
    firstConvolution(/^conv1_/, 'conv1.', bgr),
    { match: /^(?:fc1000|pred)_/, replace: 'fc.' },
    ...stages(/_(\d+)_/, '.$1.'),
    { match: /\.branch1_bn_/, replace: '.downsample.1.' },
    { match: /\.branch1_/, replace: '.downsample.0.' },
    ...(['a', 'b', 'c'] as const).flatMap((letter, index): MapRule[] => [
      { match: new RegExp(`\\.branch2${letter}_bn_`), replace: `.bn${index + 1}.` },
      { match: new RegExp(`\\.branch2${letter}_`), replace: `.conv${index + 1}.` },
    ]),
    { match: /\.(?:w|s|gamma)$/, replace: '.weight' },
    { match: /\.(?:b|beta)$/, replace: '.bias' },
    { match: /\.rm$/, replace: '.running_mean' },
    { match: /\.riv$/, replace: '.running_var' },
  ];
}

function firstConvolution(match: RegExp, replace: string, bgr: boolean): MapRule {
  return bgr ? { match, replace, transform: 'reverse-input-channels' } : { match, replace };
}

/** `res2` to `res5` are `layer1` to `layer4`. */
function stages(separator: RegExp, replace: string): MapRule[] {
  return [2, 3, 4, 5].map((stage) => ({
    match: new RegExp(`^res${stage}${separator.source}`),
    replace: `layer${stage - 1}${replace}`,
  }));
}

/** In the order in which `auto` prefers them at equal merit. */
export const RULE_SETS: Readonly<Record<RuleSetName, RuleSet>> = {
  none: { rules: [UNWRAP], fillsNorms: false },
  torchvision: { rules: TORCHVISION, fillsNorms: false },
  'torchvision-sequential': { rules: TORCHVISION_SEQUENTIAL, fillsNorms: false },
  timm: { rules: TIMM, fillsNorms: false },
  'cifar-resnet': { rules: CIFAR, fillsNorms: false },
  transformers: { rules: TRANSFORMERS, fillsNorms: false },
  paddle: { rules: PADDLE, fillsNorms: false },
  'torchvision-detector': { rules: TORCHVISION_DETECTOR, fillsNorms: false },
  'torchvision-retinanet': { rules: TORCHVISION_RETINANET, fillsNorms: false },
  'timm-regnet': { rules: [...TORCHVISION, ...TIMM_REGNET], fillsNorms: false },
  'pycls-regnet': { rules: [...TORCHVISION, ...PYCLS_REGNET], fillsNorms: false },
  'timm-mobilenetv2': { rules: [...TORCHVISION, ...TIMM_MOBILENET_V2], fillsNorms: false },
  detectron2: { rules: detectron2(true), fillsNorms: true },
  'detectron2-rgb': { rules: detectron2(false), fillsNorms: true },
  caffe2: { rules: caffe2(true), fillsNorms: true },
  'caffe2-rgb': { rules: caffe2(false), fillsNorms: true },
};
