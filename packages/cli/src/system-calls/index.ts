export { adoptListening } from './adopted-socket';
export { discardArrived, endWriting } from './connected-socket';
export { DatagramSender } from './datagram-sender';
export { descriptorChannel, passDescriptor, takeDescriptor } from './descriptor-passing';
export { listenTcp, listenUnix } from './listening-sockets';
export { monotonicUs } from './monotonic-clock';
export { peerProblem, peerUserId } from './peer-credentials';
export { endUnlessRenewed } from './self-watch';
export { systemCalls } from './system-calls';
