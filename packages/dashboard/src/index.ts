export * from './api';
export { type PageFile, pageFiles } from './page-files';
