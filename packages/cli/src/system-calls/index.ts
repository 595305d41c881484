export { discardArrived, endWriting } from './connected-socket';
export { descriptorChannel, passDescriptor, takeDescriptor } from './descriptor-passing';
export { listenTcp, listenUnix } from './listening-sockets';
export { systemCalls } from './system-calls';
