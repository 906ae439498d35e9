/** A network that is not built here, told by names that it alone has. */
interface OtherNetwork {
  readonly pattern: RegExp;
  readonly words: string;
}

/** As timm, torchvision, Hugging Face and OpenAI name them. */
const NETWORKS: readonly OtherNetwork[] = [
  { pattern: /(?:^|\.)attnpool\./, words: "CLIP's ResNet, with attention for its pooling" },
  {
    pattern: /\.attn\.(?:qkv|relative_position)|(?:^|\.)cls_token$|\.attention\.(?:query|q_lin)/,
    words: 'a transformer',
  },
  { pattern: /(?:^|\.)stages\.\d+\.blocks\.\d+\.conv_dw\.|\.dwconv\./, words: 'a ConvNeXt' },
  { pattern: /(?:^|\.)blocks\.\d+\.\d+\.se\./, words: 'an EfficientNet or a MobileNetV3' },
  { pattern: /(?:^|\.)denseblock\d|\.denselayer\d/, words: 'a DenseNet' },
  { pattern: /(?:^|\.)Mixed_\d[a-e]\./, words: 'an Inception network' },
  { pattern: /(?:^|\.)layer\d+\.\d+\.se(?:_module)?\./, words: 'a ResNet with squeeze and excitation (SE)' },
  { pattern: /(?:^|\.)stages\.\d+\.blocks\.\d+\.norm1\./, words: 'a ResNet whose norms come first (ResNetV2, BiT)' },
  {
    pattern: /(?:^|\.)conv1\.3\.weight$/,
    words: 'a ResNet with a deep stem (ResNet-C, -D, -S or -T: three convolutions)',
  },
  { pattern: /\.cv[1-3]\.conv\./, words: 'a YOLO network' },
];

/** What a file is of, if that is none of the networks that are built here. */
export function otherNetwork(names: readonly string[]): string | undefined {
  return NETWORKS.find(({ pattern }) => names.some((name) => pattern.test(name)))?.words;
}

/** Whether the norms of an ONNX file went into its convolutions, which then have new names or biases of their own. */
export function hasFoldedNorms(missing: readonly string[], names: readonly string[]): boolean {
  const isNorm = (name: string) => /running_(?:mean|var)$/.test(name);
  return missing.some(isNorm) && !names.some(isNorm) && names.some((name) => /^(?:onnx::Conv_|val_)\d/.test(name));
}
