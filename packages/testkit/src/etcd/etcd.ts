import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../process/free-port';
import { makeScratch } from '../process/scratch';
import { waitFor } from '../wait-for';
import { EtcdGateway } from './gateway';

const PROGRAM = 'etcd';

/** One member of etcd on the loopback: the real one, or what stands in for it. */
export interface RunningEtcd {
  /** Which of them. */
  readonly kind: 'etcd' | 'stand-in';
  /** `host:port` */
  readonly address: string;
  /** Ends it, with all that it knew. */
  stop(): Promise<void>;
  /** Nobody gets an answer any more, but connections are accepted. */
  freeze(): void;
  thaw(): void;
}

/** Starts the etcd of this machine; where there is none, a stand-in that does the same for a lease. */
export async function startEtcd(): Promise<RunningEtcd> {
  const { status } = spawnSync(PROGRAM, ['--version'], { stdio: 'ignore' });
  return status === 0 ? await startReal() : await startStandIn();
}

async function startReal(): Promise<RunningEtcd> {
  const scratch = makeScratch();
  const [port, peerPort] = [await freePort(), await freePort()];
  const [client, peer] = [port, peerPort].map((each) => `http://127.0.0.1:${each}`);
  const child: ChildProcess = spawn(
    PROGRAM,
    [
      ...['--data-dir', join(scratch.dir, 'data'), '--log-level', 'error'],
      ...['--listen-client-urls', `${client}`, '--advertise-client-urls', `${client}`],
      ...['--listen-peer-urls', `${peer}`, '--initial-advertise-peer-urls', `${peer}`],
      ...['--initial-cluster', `default=${peer}`],
    ],
    { stdio: 'ignore', cwd: scratch.dir, env: { PATH: process.env.PATH ?? '' } },
  );
  writeFileSync(join(scratch.dir, 'etcd.pid'), `${child.pid}\n`);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const etcd: RunningEtcd = {
    ...{ kind: 'etcd', address: `127.0.0.1:${port}` },
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      scratch.remove();
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  };
  try {
    await waitFor(() => isHealthy(`${client}`), { what: 'etcd to start', deadlineMs: 20_000 });
    return etcd;
  } catch (error) {
    await etcd.stop();
    throw error;
  }
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health`);
    return (await answer.text()).includes('true');
  } catch {
    return false;
  }
}

async function startStandIn(): Promise<RunningEtcd> {
  const gateway = await EtcdGateway.open();
  return {
    ...{ kind: 'stand-in', address: gateway.address },
    stop: () => gateway.stop(),
    freeze: () => {
      gateway.accident = () => true;
    },
    thaw: () => {
      gateway.accident = () => false;
    },
  };
}
