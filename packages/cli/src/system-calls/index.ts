export { discardArrived, endWriting } from './connected-socket';
export { descriptorChannel, passDescriptor, takeDescriptor } from './descriptor-passing';
export { listenTcp, listenUnix } from './listening-sockets';
export { peerProblem, peerUserId } from './peer-credentials';
export { endUnlessRenewed } from './self-watch';
export { systemCalls } from './system-calls';
