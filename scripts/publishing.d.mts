export const ROOT: string;
export function packageFolders(root?: string): string[];
export function webAddress(remote: string): string | undefined;
export function repositoryAddress(root?: string): string | undefined;
export function brokenLinks(root: string, file: string): string[];
export function withRepositoryLinks(markdown: string, folder: string, address: string): string;
export function withRepository(manifest: object, folder: string, address: string): Record<string, unknown>;
export function prepareForNpm(root: string, address: string, folders?: string[]): () => void;
export function missingFields(manifest: object): string[];
