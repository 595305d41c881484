export * from './errors';
export * from './frame-reader';
