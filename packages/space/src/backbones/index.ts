export * from './config.js';
export * from './freezing.js';
export * from './models.js';
export * from './resnet.js';
export * from './site.js';
