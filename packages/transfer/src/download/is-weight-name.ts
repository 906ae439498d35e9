const SCHEMES = /^(?:torchvision|timm|hf|https?):/;

/** True for text that names weights to be downloaded (`torchvision:…`, `timm:…`, `hf:…`, `https://…`) rather than a path. */
export function isWeightName(text: string): boolean {
  return SCHEMES.test(text);
}
