/** Made by digits-plugin.ts. */
declare module 'virtual:digits' {
  export const count: number;
  /** gzip in base64: `count` labels, then `count` images of 28 x 28 bytes. */
  export const packed: string;
}
