export const PICTURE: string;
export function layersSvg(): Promise<string>;
