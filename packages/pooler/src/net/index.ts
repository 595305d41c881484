export { createNodeTransport } from './node-transport';
