import type { BunHandlers, BunSocket, BunSocketOwner } from './bun-runtime';

/**
 * The one handler object of all sockets: it finds the owner in `socket.data`. What an owner throws is
 * thrown again outside, since Bun would hand it to `error`; the owner's socket is dropped first.
 */
export const bunHandlers: BunHandlers = {
  open(socket) {
    const owner = socket.data;
    try {
      owner.opened(socket);
    } catch (error) {
      threw(owner, error);
    }
  },
  data(socket, bytes) {
    const owner = socket.data;
    try {
      owner.arrived(bytes);
    } catch (error) {
      threw(owner, error);
    }
  },
  drain(socket) {
    const owner = socket.data;
    try {
      owner.writable();
    } catch (error) {
      threw(owner, error);
    }
  },
  end(socket) {
    const owner = socket.data;
    try {
      owner.peerEnded();
    } catch (error) {
      threw(owner, error);
    }
  },
  close(socket, error) {
    const owner = socket.data;
    try {
      owner.gone(error);
    } catch (thrown) {
      threw(owner, thrown);
    }
  },
  error(socket, error) {
    socket.data.failed(error);
  },
  handshake(socket, success, fault) {
    const owner = socket.data;
    try {
      owner.handshakeDone(success, fault ?? undefined);
    } catch (error) {
      threw(owner, error);
    }
  },
};

function threw(owner: BunSocketOwner, error: unknown): void {
  owner.destroy();
  process.nextTick(() => {
    throw error;
  });
}

/**
 * Owns what nobody listens to any more: the plain socket under a TLS socket, and a dial that was
 * given up.
 */
export const nobody: BunSocketOwner = {
  opened: (socket: BunSocket) => socket.close(),
  arrived: ignore,
  writable: ignore,
  peerEnded: ignore,
  gone: ignore,
  failed: ignore,
  handshakeDone: ignore,
  destroy: ignore,
};

function ignore(): void {
  // Whoever it concerned has left.
}
